import { existsSync, readdirSync } from 'node:fs'
import { access, constants, statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { openLogSigner, readWitnessPolicy } from '../credentials.ts'
import { readSecretFile } from '../identity/key-file.ts'
import type { Bilingual, Language } from '../model/identifier.ts'
import type { Service } from '../model/party.ts'
import { providerOf } from '../reporting/connections.ts'
import { createFormat } from '../reporting/format.ts'
import type { Settings } from '../settings.ts'
import { checkSettings } from './checked-settings.ts'
import { lookAtDatabase } from './doctor-database.ts'
import { addGuide } from './examples.ts'
import { EXIT, type ExitCode } from './fault.ts'
import { type Check, codeOf, type Finding, findingsJson, isSound, showFindings } from './finding.ts'
import { listCertificates } from './keys-expiry.ts'
import { reach } from './reach.ts'
import { formatPlacedFault } from './settings-file.ts'
import type { Tools } from './tools.ts'

const NODE_MAJOR = 24
const SOON_DAYS = 30
const DAY_MS = 86_400_000
const LOW_BYTES = 5 * 1024 ** 3
const EMPTY_BYTES = 1024 ** 3
const REACH_MS = 3000

const TEXTS = {
  sound: { vi: 'Không có gì phải sửa ngay.', en: 'Nothing needs mending now.' },
  faulty: { vi: 'Có chỗ phải sửa: xem các dòng ✘.', en: 'Something needs mending: see the lines with ✘.' },
} as const

const same = (text: string): Bilingual => ({ vi: text, en: text })

function lookAtNode(): Finding {
  const { node } = process.versions
  const isEnough = Number(node.split('.')[0]) >= NODE_MAJOR
  return {
    check: 'node',
    state: isEnough ? 'ok' : 'failed',
    detail: same(`Node.js ${node}`),
    fix: { vi: `Cần Node.js ${NODE_MAJOR} trở lên.`, en: `Node.js ${NODE_MAJOR} or later is needed.` },
  }
}

/** The folder itself, or the nearest above it that is there: the first start makes the rest. */
function nearestFolder(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestFolder(dirname(path))
}

async function lookAtDisk({ dataDir }: Settings): Promise<Finding> {
  const folder = nearestFolder(dataDir)
  try {
    await access(folder, constants.W_OK)
    const { bavail, bsize } = await statfs(folder)
    const free = bavail * bsize
    const room = (language: Language) => createFormat(language).number(Math.round(free / 1024 ** 3))
    const detail = {
      vi: `${dataDir}: còn trống ${room('vi')} GiB`,
      en: `${dataDir}: ${room('en')} GiB free`,
    }
    const fix = {
      vi: 'Dọn hoặc mở rộng ổ: hết chỗ thì cổng ngừng trả lời.',
      en: 'Make room: without any, the gateway stops answering.',
    }
    return {
      check: 'disk',
      state: free < EMPTY_BYTES ? 'failed' : free < LOW_BYTES ? 'warning' : 'ok',
      detail,
      fix,
    }
  } catch (thrown) {
    return {
      check: 'disk',
      state: 'failed',
      detail: same(`${dataDir}: ${codeOf(thrown)}`),
      fix: {
        vi: 'Cho tài khoản chạy cổng quyền ghi vào dataDir.',
        en: 'Let the account that runs the gateway write to dataDir.',
      },
    }
  }
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port }, () => server.close(() => resolve(true)))
  })
}

async function isGateway(host: string, port: number): Promise<boolean> {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return fetch(`http://${name.includes(':') ? `[${name}]` : name}:${port}/livez`, {
    signal: AbortSignal.timeout(REACH_MS),
  }).then(
    async (answer) => answer.ok && (await answer.text()).includes('"ok"'),
    () => false,
  )
}

async function lookAtPorts({ listen, management }: Settings): Promise<readonly Finding[]> {
  // A gateway that runs holds both; which of the two programs it is, its management listener tells.
  const isRunning = management.port !== 0 && (await isGateway(management.host, management.port))
  const places = [
    ['port', listen.host, listen.port],
    ['management port', management.host, management.port],
  ] as const
  return Promise.all(
    places.map(async ([check, host, port]): Promise<Finding> => {
      const at = `${host}:${port}`
      if (isRunning)
        return { check, state: 'ok', detail: { vi: `${at}: cổng đang chạy`, en: `${at}: the gateway runs` } }
      if (port === 0 || (await isFree(host, port))) {
        return { check, state: 'ok', detail: { vi: `${at}: còn trống`, en: `${at}: free` } }
      }
      return {
        check,
        state: 'failed',
        detail: {
          vi: `${at}: chương trình khác đang giữ, hoặc không được phép`,
          en: `${at}: held by another program, or not allowed`,
        },
        fix: {
          vi: `Tìm bằng ss -ltnp | grep :${port}, hoặc đặt cổng khác.`,
          en: `Find it by ss -ltnp | grep :${port}, or set another port.`,
        },
      }
    }),
  )
}

/** Every private key of the gateway can be read, and by nobody else. */
function lookAtKeys({ dataDir }: Settings): Finding {
  const folders = [join(dataDir, 'keys'), join(dataDir, 'keys/tokens')].filter((folder) => existsSync(folder))
  if (folders.length === 0) {
    const detail = { vi: 'chưa có; lần chạy đầu sẽ tạo', en: 'none yet; the first start makes them' }
    return { check: 'keys', state: 'skipped', detail }
  }
  const files = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /\.(?:key|jwk)$/.test(name))
      .map((name) => join(folder, name)),
  )
  for (const file of files) {
    try {
      readSecretFile(file)
    } catch (thrown) {
      return {
        check: 'keys',
        state: 'failed',
        detail: same(thrown instanceof Error ? thrown.message : codeOf(thrown)),
        fix: {
          vi: `chmod 600 ${file}, và đúng tài khoản chạy cổng`,
          en: `chmod 600 ${file}, owned by the account that runs the gateway`,
        },
      }
    }
  }
  return {
    check: 'keys',
    state: 'ok',
    detail: {
      vi: `${files.length} tệp, chỉ chủ đọc được`,
      en: `${files.length} files, for their owner alone`,
    },
  }
}

function judgeDays(check: Check, name: string, notAfterMs: number, nowMs: number): Finding {
  const days = Math.floor((notAfterMs - nowMs) / DAY_MS)
  return {
    check,
    state: days < 0 ? 'failed' : days < SOON_DAYS ? 'warning' : 'ok',
    detail: { vi: `${name}: còn ${days} ngày`, en: `${name}: ${days} days left` },
    fix: { vi: 'Thay chứng thư.', en: 'Renew the certificate.' },
  }
}

async function lookAtWitnesses(settings: Settings): Promise<readonly Finding[]> {
  const check = 'witnesses'
  if (settings.ledger.witnesses.policyFile === undefined) {
    return [
      {
        check,
        state: 'warning',
        detail: { vi: 'sổ chưa có nhân chứng nào', en: 'the log has none' },
        fix: {
          vi: 'Đặt ledger.witnesses.policyFile (docs/operations.md).',
          en: 'Set ledger.witnesses.policyFile (docs/operations.md).',
        },
      },
    ]
  }
  try {
    const policy = await readWitnessPolicy(settings, await openLogSigner(settings))
    const urls = (policy?.witnesses ?? []).flatMap(({ url }) => (url === undefined ? [] : [new URL(url)]))
    return Promise.all(urls.map((url) => lookAt('witness', { url, ca: undefined }, Date.now())))
  } catch (thrown) {
    const detail = same(thrown instanceof Error ? thrown.message : codeOf(thrown))
    return [
      { check, state: 'failed', detail, fix: { vi: 'Sửa tệp chính sách.', en: 'Mend the policy file.' } },
    ]
  }
}

/** Scheme, host and port: a database's address has no origin. */
function addressOf(url: string): string {
  const { protocol, host } = new URL(url)
  return `${protocol}//${host}`
}

/** Whether somebody answers there, and how long the certificate is good. */
async function lookAt(
  check: Check,
  { url, ca }: { readonly url: URL; readonly ca: string | undefined },
  nowMs: number,
): Promise<Finding> {
  try {
    const { ms, notAfterMs, protocol } = await reach({ url, ca, timeoutMs: REACH_MS })
    const said = `${addressOf(url.href)} ${ms.toFixed(0)} ms`
    if (notAfterMs !== undefined) return judgeDays(check, `${said}, ${protocol}`, notAfterMs, nowMs)
    return { check, state: 'ok', detail: same(said) }
  } catch (thrown) {
    return {
      check,
      state: 'failed',
      detail: same(`${addressOf(url.href)}: ${codeOf(thrown)}`),
      fix: {
        vi: 'Kiểm tra địa chỉ, tường lửa, chứng thư và hỏi đơn vị ấy.',
        en: 'Check address, firewall and certificate, and ask whoever runs it.',
      },
    }
  }
}

async function lookAtProviders(services: readonly Service[], nowMs: number): Promise<readonly Finding[]> {
  const bindings = new Map(
    services.flatMap(({ id, state, binding }) =>
      binding === undefined || state !== 'active'
        ? []
        : [[addressOf(binding.baseUrl), { name: providerOf(id), ca: binding.tls?.ca }] as const],
    ),
  )
  const found = [...bindings].map(async ([address, { name, ca }]) => {
    const { detail, ...finding } = await lookAt('provider', { url: new URL(address), ca }, nowMs)
    return { ...finding, detail: { vi: `${detail.vi} · ${name}`, en: `${detail.en} · ${name}` } }
  })
  return Promise.all(found)
}

async function examine(
  tools: Tools,
): Promise<{ readonly findings: readonly Finding[]; readonly exit: ExitCode }> {
  const { settings, faults } = checkSettings(tools)
  const nowMs = tools.outside.now()
  if (settings === undefined || faults.length > 0) {
    const findings = faults.map(
      (fault): Finding => ({
        check: 'settings',
        state: 'failed',
        detail: same(formatPlacedFault(fault, tools)),
        fix: { vi: 'Sửa rồi chạy lại: lienthong check', en: 'Mend it and run: lienthong check' },
      }),
    )
    return { findings: [lookAtNode(), ...findings], exit: EXIT.invalid }
  }
  const [disk, ports, database, witnesses] = await Promise.all([
    lookAtDisk(settings),
    lookAtPorts(settings),
    lookAtDatabase(settings, tools),
    lookAtWitnesses(settings),
  ])
  const certificates = listCertificates(settings, nowMs).map(({ use, subject, notAfterMs }) =>
    judgeDays('certificate', `${use} ${subject}`, notAfterMs, nowMs),
  )
  const findings = [
    lookAtNode(),
    { check: 'settings', state: 'ok', detail: same(tools.settingsFile) } as const,
    disk,
    ...ports,
    ...database.findings,
    lookAtKeys(settings),
    ...certificates,
    ...witnesses,
    ...(await lookAtProviders(database.documents?.services ?? [], nowMs)),
  ]
  return { findings, exit: isSound(findings) ? EXIT.ok : EXIT.failed }
}

async function doctor(tools: Tools): Promise<ExitCode> {
  const { terminal } = tools
  const { findings, exit } = await examine(tools)
  const ok = isSound(findings)
  if (terminal.json) terminal.resultJson({ ok, findings: findingsJson(findings, terminal) })
  else {
    showFindings(findings, terminal)
    terminal.talk(terminal.pick(ok ? TEXTS.sound : TEXTS.faulty))
  }
  return exit
}

/** `lienthong doctor`: everything a gateway stands on, looked at from outside it; nothing is changed. */
export function define(command: Command, tools: Tools): void {
  command.action(tools.act(() => doctor(tools)))
  addGuide(command, tools.terminal, {
    examples: [
      [
        'doctor',
        { vi: 'trước khi khởi động, và khi có gì lạ', en: 'before a start, and when something is odd' },
      ],
      ['doctor --json', { vi: 'cho hệ thống giám sát', en: 'for a monitor' }],
    ],
    json: '{ "ok", "findings": [ { "check", "state": "ok" | "warning" | "failed" | "skipped", "detail", "fix" } ] }',
  })
}
