import { hash } from 'node:crypto'
import { fontFaces } from './fonts.ts'

/** The look of the reference and of the problems' pages: the console's colours, light and dark. */
export const REFERENCE_STYLE = `
${fontFaces('/docs/assets/')}
:root{color-scheme:light dark;--ink:#14213d;--soft:#4a5872;--line:#d9e0ea;--ground:#f4f6fa;--card:#fff;--raised:#f8fafd;--link:#0b4f9e;--brand:#0b3d7a;--button:#0b4f9e;--edge:#7688a3;--code:#eaf1fb;--code-back:#14213d;--warn:#7a4b00;--warn-back:#fdf0d5}
@media screen and (prefers-color-scheme:dark){:root{--ink:#e6ecf6;--soft:#a9b6ca;--line:#2e3b52;--ground:#0e1624;--card:#162033;--raised:#1b273c;--link:#8fbdf5;--brand:#0a2c59;--button:#1f5fae;--edge:#6d7f9c;--code:#e3ecfa;--code-back:#0a101b;--warn:#f0c36d;--warn-back:#3a2a08}}
*{box-sizing:border-box}
html{font:100%/1.6 "Be Vietnam Pro",system-ui,"Segoe UI",Roboto,sans-serif;color:var(--ink);background:var(--ground);-webkit-text-size-adjust:100%}
body{margin:0;font-size:.9375rem}
a{color:var(--link);text-underline-offset:.18em;text-decoration-thickness:1px}a:hover{text-decoration-thickness:2px}
:focus-visible{outline:3px solid #f5c518;outline-offset:2px;box-shadow:0 0 0 5px var(--ink);border-radius:3px}
.top{background:var(--brand);color:#fff;border-bottom:4px solid #c8102e}
.top>div,main{max-width:72rem;margin:0 auto;padding:.7rem 1.25rem}
.top>div{display:flex;flex-wrap:wrap;gap:.35rem 1.4rem;align-items:center}
.top a{color:#dbe8f8;text-decoration:none;font-size:.9375rem;padding:.2rem 0;border-bottom:2px solid transparent}
.top a:hover{color:#fff;border-color:#6f97c6}.top a[aria-current]{color:#fff;font-weight:600;border-color:#f5c518}
.top .brand{color:#fff;font-weight:600;font-size:1.0625rem;border:0}.brand span{display:block;font-size:.75rem;font-weight:400;color:#c9dbf2;line-height:1.2}
.top nav{display:contents}.languages{margin-left:auto;display:flex;gap:.9rem}
main{padding:1.25rem 1.25rem 3rem}
h1{font-size:1.75rem;line-height:1.25;margin:1.4rem 0 .6rem;letter-spacing:-.01em}
h2{font-size:1.25rem;line-height:1.35;margin:2.4rem 0 .6rem;padding-top:1.2rem;border-top:1px solid var(--line)}
h3{font-size:.9375rem;margin:1.3rem 0 .4rem;color:var(--soft)}
p,ul{margin:.5rem 0 .9rem}.meta+h1{margin-top:.2rem}.lead{font-size:1.0625rem;max-width:46rem}
code,pre{font:.8125rem/1.5 ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}p code,td code,li code,dd code{overflow-wrap:anywhere}
pre{overflow:auto;margin:.7rem 0 1rem;padding:.8rem 1rem;border-radius:8px;background:var(--code-back);color:var(--code)}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:10px}
table{border-collapse:collapse;width:100%;font-size:.875rem}th,td{text-align:left;vertical-align:top;padding:.5rem .8rem;border-bottom:1px solid var(--line)}
thead th{color:var(--soft);font-size:.8125rem;background:var(--raised);white-space:nowrap}tbody tr:last-child>*{border-bottom:0}tr:target>*{background:var(--warn-back)}
td:first-child{min-width:19rem}td small,.meta{color:var(--soft);font-size:.8125rem}td small{display:block}
form{margin:0 0 .5rem}label{display:block;font-weight:600;font-size:.8125rem;margin-bottom:.25rem}.row{display:flex;gap:.5rem;max-width:38rem}
input{font:inherit;color:inherit;flex:1 1 8rem;min-width:0;min-height:2.6rem;padding:.45rem .7rem;background:var(--card);border:1px solid var(--edge);border-radius:7px}
button{font:inherit;font-weight:600;color:#fff;background:var(--button);border:1px solid var(--button);border-radius:7px;padding:.45rem 1.1rem;cursor:pointer}
.kind{display:inline-block;margin-left:.3rem;background:var(--raised);border:1px solid var(--line);border-radius:99px;padding:0 .6rem;font-size:.8125rem;color:var(--soft);white-space:nowrap}
.facts{margin:1rem 0;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.3rem 1.25rem}.facts div{display:grid;grid-template-columns:11rem minmax(0,1fr);gap:.1rem 1.5rem;padding:.75rem 0;border-bottom:1px solid var(--line)}.facts div:last-child{border:0}
dt{color:var(--soft)}dd{margin:0}.links{display:flex;flex-wrap:wrap;gap:.2rem 1.4rem;padding:0;list-style:none}
@media (max-width:40rem){.top>div,main{padding-left:.8rem;padding-right:.8rem}h1{font-size:1.375rem}.facts div{grid-template-columns:minmax(0,1fr)}td:first-child{min-width:9rem}.scroll table{min-width:36rem}}
@media print{html{background:#fff}.top,form{display:none}main{max-width:none;padding:0}pre{white-space:pre-wrap;background:none;color:inherit;border:1px solid #999}}
`

const STYLE_HASH = hash('sha256', REFERENCE_STYLE, 'base64')

/** For every page in this style: nothing runs, and nothing but its own style and fonts is let in. */
export const REFERENCE_HEADERS = {
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; font-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  vary: 'Accept-Language',
} as const
