/** The style sheet of HTML reports: light or dark as the reader's system is, and readable on paper. */
export const STYLE = `
:root{color-scheme:light dark;--ink:#1c2128;--dim:#59636e;--rule:#d1d9e0;--page:#fff;--panel:#f6f8fa;--a:#0550ae;--b:#bc4c00;--c:#116329;--d:#8250df}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9198a1;--rule:#3d444d;--page:#0d1117;--panel:#151b23;--a:#79c0ff;--b:#ffa657;--c:#7ee787;--d:#d2a8ff}}
body{margin:0 auto;max-width:76rem;padding:1.5rem;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.6rem;margin:0 0 .25rem}h2{font-size:1.2rem;margin:2.2rem 0 .5rem;border-bottom:1px solid var(--rule)}h3{font-size:1rem;margin:1.2rem 0 .3rem}
p,li{overflow-wrap:anywhere}.dim{color:var(--dim)}.bad{color:var(--b);font-weight:600}
table{border-collapse:collapse;margin:.6rem 0;font-variant-numeric:tabular-nums}caption{text-align:left;color:var(--dim);padding-bottom:.2rem}
th,td{padding:.2rem .7rem .2rem 0;text-align:left;border-bottom:1px solid var(--rule);font-weight:400;overflow-wrap:anywhere}thead th{color:var(--dim)}.number{text-align:right}
.charts{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0;width:17rem}figcaption{font-size:.85rem;color:var(--dim);overflow-wrap:anywhere}
.wide{width:26rem}.chart{width:100%;height:auto}.matrix{width:100%;height:auto}
svg text{font:9px system-ui,sans-serif;fill:var(--dim)}.frame{fill:none;stroke:var(--rule)}
circle{fill-opacity:.7}.plain{fill:var(--a)}.outlier{fill:var(--b)}.triggered{fill:var(--b)}.hit{fill:var(--d)}
.right{fill:var(--c)}.wrong{fill:var(--b)}.line{fill:none;stroke-width:1.8}
.line-0{stroke:var(--c)}.line-1{stroke:var(--dim);stroke-dasharray:1 3}.line-2,.line-4,.line-6{stroke:var(--b)}.line-3,.line-5,.line-7{stroke:var(--a)}.line-4,.line-5{stroke-dasharray:6 3}.line-6,.line-7{stroke-dasharray:2 2}
.key{display:inline-block;width:.7rem;height:.7rem;border-radius:50%;margin:0 .3rem 0 .8rem;vertical-align:baseline}
.key.plain{background:var(--a)}.key.triggered,.key.outlier{background:var(--b)}.key.hit{background:var(--d)}
.samples{display:flex;flex-wrap:wrap;gap:1rem}.sample{width:15rem;background:var(--panel);border:1px solid var(--rule);border-radius:6px;padding:.6rem}
.sample img{width:6.5rem;height:auto;image-rendering:pixelated;margin-right:.4rem}.sample p{margin:.3rem 0 0;font-size:.85rem}
details{margin:.6rem 0}@media print{body{max-width:none}details{display:block}}
`;
