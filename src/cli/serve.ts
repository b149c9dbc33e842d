import { flushCompileCache } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { RegistryRefused } from '../seed.ts'
import { placeSourceFaults } from './check.ts'
import { collectGarbage } from './collect-garbage.ts'
import { addGuide } from './examples.ts'
import { CliFault, EXIT, type ExitCode } from './fault.ts'
import { startGateway } from './gateway-process.ts'
import type { RunningGateway } from './running-gateway.ts'
import { formatPlacedFault, requireSettings } from './settings-file.ts'
import type { Tools } from './tools.ts'

/** Resolves when the operator asks for a stop; its value is the signal's name. */
export function stopAsked(signal: AbortSignal): Promise<string> {
  if (signal.aborted) return Promise.resolve(String(signal.reason))
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(String(signal.reason))))
}

/** Starts, and tells a registry's faults as `check` would. */
export async function startOrTell<Started>(start: () => Promise<Started>, tools: Tools): Promise<Started> {
  try {
    return await start()
  } catch (thrown) {
    if (!(thrown instanceof RegistryRefused)) throw thrown
    const lines = (language: 'vi' | 'en') =>
      placeSourceFaults(thrown.faults, language)
        .map((fault) => formatPlacedFault(fault, tools))
        .join('\n')
    throw new CliFault(EXIT.invalid, 'registry_invalid', {
      title: { vi: 'Danh bạ có lỗi', en: 'The registry has faults' },
      detail: { vi: lines('vi'), en: lines('en') },
      side: 'you',
      fix: { vi: 'Sửa các chỗ trên rồi chạy: lienthong check', en: 'Mend these, then run: lienthong check' },
      cause: thrown,
    })
  }
}

/** Longest wait for the last lines of a process that ends. */
const LAST_WORDS_MS = 1000

/**
 * A fault that nobody caught ends the process, as it does without us; but Node prints such an error whole, and what a
 * driver adds to one may quote a person.
 */
function endOnFault({ logger }: RunningGateway): void {
  process.on('uncaughtException', (error) => {
    logger.log({ action: 'gateway_crashed', error })
    void Promise.race([logger.flush(), sleep(LAST_WORDS_MS)]).finally(() => process.exit(EXIT.failed))
  })
}

async function serve(tools: Tools): Promise<ExitCode> {
  const settings = requireSettings(tools)
  const running = await startOrTell(() => startGateway(settings, tools.version), tools)
  endOnFault(running)
  // Node would keep what it has compiled only at an orderly end; a gateway that is killed shall start again as fast.
  flushCompileCache()
  collectGarbage()
  const reason = await stopAsked(tools.outside.signal)
  return (await running.close(reason)) ? EXIT.ok : EXIT.failed
}

export function define(command: Command, tools: Tools): void {
  addGuide(command, tools.terminal, {
    examples: [
      ['serve', { vi: 'chạy theo config/gateway.yaml', en: 'serve by config/gateway.yaml' }],
      [
        'serve --config /etc/lienthong/config/gateway.yaml',
        { vi: 'chạy theo tệp khác', en: 'serve by another file' },
      ],
    ],
    json: {
      vi: 'nhật ký, mỗi dòng một đối tượng JSON (tên theo ECS)',
      en: 'the log, one JSON object a line (ECS names)',
    },
    notes: {
      vi: 'Biến môi trường LIENTHONG_<MỤC> và DATABASE_URL thay giá trị trong tệp.',
      en: 'LIENTHONG_<MEMBER> and DATABASE_URL in the environment win over the file.',
    },
  })
  command.action(tools.act(() => serve(tools)))
}
