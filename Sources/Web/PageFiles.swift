import HTTPTypes
import Hummingbird
import NIOCore

/// The files of dashboard and storefront, which stand in the program.
///
/// *Guarantee*: a page runs no script and loads nothing that is not one of these files, whatever a product or an error is
/// called. *If broken*: a product named `<script>` orders for whoever looks at it.
enum PageFiles {
    private static let assets: [String: (bytes: [UInt8], type: String)] = [
        "theme.css": (PackageResources.theme_css, css),
        "icon.svg": (PackageResources.icon_svg, "image/svg+xml"),
        "elements.js": (PackageResources.elements_js, javascript),
        "format.js": (PackageResources.format_js, javascript),
        "dashboard.css": (PackageResources.dashboard_css, css),
        "dashboard.js": (PackageResources.dashboard_js, javascript),
        "stream.js": (PackageResources.stream_js, javascript),
        "charts.js": (PackageResources.charts_js, javascript),
        "panels.js": (PackageResources.panels_js, javascript),
        "tables.js": (PackageResources.tables_js, javascript),
        "story.js": (PackageResources.story_js, javascript),
        "storefront.css": (PackageResources.storefront_css, css),
        "storefront.js": (PackageResources.storefront_js, javascript),
        "basket.js": (PackageResources.basket_js, javascript),
        "basket-store.js": (PackageResources.basket_store_js, javascript),
        "keys.js": (PackageResources.keys_js, javascript),
        "checkout.js": (PackageResources.checkout_js, javascript),
        "order.js": (PackageResources.order_js, javascript),
        "tokens.js": (PackageResources.tokens_js, javascript),
    ]
    private static let css = "text/css; charset=utf-8"
    private static let javascript = "text/javascript; charset=utf-8"

    static let contentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    /// Nil where there is no such file.
    static func asset(_ path: String) -> Response? {
        let prefix = "/assets/"
        guard path.hasPrefix(prefix), let file = assets[String(path.dropFirst(prefix.count))] else { return nil }
        return response(file.bytes, file.type)
    }

    static var dashboard: Response { response(PackageResources.dashboard_html, "text/html; charset=utf-8") }
    static var storefront: Response { response(PackageResources.storefront_html, "text/html; charset=utf-8") }

    private static func response(_ bytes: [UInt8], _ type: String) -> Response {
        var headers: HTTPFields = [.contentType: type]
        headers.add(pageHeaders)
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// What every answer to a browser carries.
    static let pageHeaders: [(HTTPField.Name, String)] = [
        (.contentSecurityPolicy, contentSecurityPolicy),
        (.xContentTypeOptions, "nosniff"),
        (HTTPField.Name("Referrer-Policy")!, "no-referrer"),  // holds: token characters only
        (.cacheControl, "no-cache"),
    ]
}

extension HTTPFields {
    mutating func add(_ fields: [(HTTPField.Name, String)]) {
        for (name, value) in fields { self[name] = value }
    }
}
