/// How the page looks: the colours of dashboard and storefront; lines that differ in dashes, too.
enum ReportStyle {
    static let css: Markup = """

        :root {
            color-scheme: light dark;
            --paper: light-dark(#f5f4f0, #13161a);
            --card: light-dark(#ffffff, #1c2026);
            --ink: light-dark(#1c2127, #e9ebee);
            --soft: light-dark(#545d68, #a7b0bb);
            --line: light-dark(#dfdcd3, #353b44);
            --accent: light-dark(#0b5cad, #82bbff);
            --good: light-dark(#17693a, #7fd6a0);
            --warn: light-dark(#855000, #f2bd66);
            --bad: light-dark(#b0241c, #ff9b92);
            --violet: light-dark(#6b3fa0, #c9a7f5);
            font: 16px/1.45 system-ui, "Segoe UI", "DejaVu Sans", sans-serif;
            color: var(--ink);
            background: var(--paper);
        }
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 62rem; padding: 1rem; }
        h1, h2, h3, p, ul, figure { margin: 0; padding: 0; }
        h1 { font-size: 1.35rem; }
        h2 { font-size: 1rem; margin-bottom: 0.6rem; }
        h3 { font-size: 0.9rem; }
        header { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline; gap: 0.3rem 1rem; margin-bottom: 0.9rem; }
        main { display: grid; gap: 0.9rem; }
        main > * { min-width: 0; }
        footer { color: var(--soft); font-size: 0.82rem; margin: 0.9rem 0; overflow-wrap: anywhere; }
        .card, .tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 0.9rem 1rem; min-width: 0; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: 0.9rem; }
        .tile p { font-size: 0.85rem; color: var(--soft); }
        .tile .big { font-size: 1.7rem; font-weight: 650; line-height: 1.15; color: var(--ink); }
        .verdict { font-weight: 700; }
        .valid { color: var(--good); }
        .invalid { color: var(--bad); }
        .unknown { color: var(--warn); }
        .card ul { padding-left: 1.2rem; }
        .card ul.legend { display: flex; flex-wrap: wrap; gap: 0.1rem 1rem; padding: 0; list-style: none; font-size: 0.82rem; color: var(--soft); }
        .key { display: inline-block; width: 30px; height: 10px; margin-right: 0.4em; vertical-align: middle; }
        span.band { background: var(--bad); opacity: 0.35; }
        figure { margin-bottom: 1rem; }
        svg { display: block; width: 100%; min-width: 36rem; height: auto; }
        svg.key { display: inline-block; min-width: 0; width: 30px; }
        .grid { stroke: var(--line); fill: none; }
        .tick { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
        .end { text-anchor: end; }
        .middle { text-anchor: middle; }
        .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
        rect.band { fill: var(--bad); opacity: 0.25; }
        .style0 { stroke: var(--soft); }
        .style1 { stroke: var(--warn); stroke-dasharray: 7 3; }
        .style2 { stroke: var(--accent); }
        .style3 { stroke: var(--good); stroke-dasharray: 12 3; }
        .style4 { stroke: var(--violet); stroke-dasharray: 2 3; }
        .style5 { stroke: var(--bad); stroke-dasharray: 9 3 2 3; }
        .scroll { overflow-x: auto; margin-bottom: 0.6rem; }
        :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
        table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
        th { text-align: left; font-weight: 400; }
        thead th { font-weight: 600; color: var(--soft); font-size: 0.8rem; white-space: nowrap; }
        th, td { padding: 0.28rem 0.9rem 0.28rem 0; vertical-align: baseline; overflow-wrap: anywhere; }
        tbody tr + tr > * { border-top: 1px solid var(--line); }
        .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
        summary { cursor: pointer; }

        """
}
