/// The currencies of ISO 4217 and the number of digits of their minor unit.
///
/// *Rule*: an amount is written with the digits of this table and no other: by the mail, the command line and the reports from
/// here, by the pages from a copy in `format.js` that a test compares. *If broken*: 1,999 forints read as 1,999.00 on one
/// surface and as 19.99 on another; browsers' own tables differ from ISO 4217 for 18 currencies.
///
/// Source: ISO 4217 list one as of January 2026, funds codes included, and the codes withdrawn from it since 2021, which
/// orders of an older log may hold. Its codes without a minor unit (metals, baskets, XTS, XXX) are no currency to pay in.
package enum Currency {
    /// The digits after the decimal point, 0 to 4; `nil` if ISO 4217 has no currency of that code to pay in.
    package static func minorUnitDigits(_ code: String) -> Int? { table[code] }

    /// Every code that has a minor unit, sorted.
    package static var codes: [String] { table.keys.sorted() }

    /// An amount of minor units as a decimal number: `19.99`, `1999`, `-0.005`. Two digits for an unknown code.
    package static func decimal(_ amount: some BinaryInteger, _ code: String) -> String {
        let digits = minorUnitDigits(code) ?? 2
        let sign = amount < 0 ? "-" : ""
        let magnitude = String(amount.magnitude)
        guard digits > 0 else { return sign + magnitude }
        let padded = String(repeating: "0", count: max(0, digits + 1 - magnitude.count)) + magnitude
        return "\(sign)\(padded.dropLast(digits)).\(padded.suffix(digits))"
    }

    private static let table: [String: Int] = {
        var table: [String: Int] = [:]
        for (digits, codes) in [0: none, 2: two, 3: three, 4: four] {
            for code in codes.split(separator: " ") { table[String(code)] = digits }
        }
        return table
    }()

    private static let none = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
    private static let three = "BHD IQD JOD KWD LYD OMR TND"
    private static let four = "CLF UYW"
    private static let two =
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE "
        + "CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD "
        + "HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK "
        + "MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD "
        + "RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH "
        + "USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG "
        // Withdrawn: 2025, 2026, 2021, 2023, 2024, 2024.
        + "ANG BGN CUC HRK SLL ZWL"
}

extension Money {
    /// As every surface writes it: `19.99 GBP`, `1999 JPY`, `1.999 KWD`.
    package var text: String { "\(Currency.decimal(amount, currency)) \(currency)" }
}
