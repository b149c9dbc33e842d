import type { LogKeeper } from '../ledger/keeper.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Witnessing } from '../ledger/witnessing.ts'
import type { ReadinessCheck } from './health.ts'

/** What was revoked is known. */
export function registryCheck(isKnown: () => boolean): ReadinessCheck {
  return {
    name: 'registry',
    check: () =>
      isKnown()
        ? { ok: true, detail: { vi: 'Danh bạ mới nhất đang dùng.', en: 'The latest registry is in use.' } }
        : {
            ok: false,
            detail: {
              vi: 'Danh bạ trong cơ sở dữ liệu không đọc được: không biết quyền nào đã bị thu hồi nên không trả dữ liệu.',
              en: 'The registry in the database cannot be used: what was revoked is not known, so nothing is released.',
            },
          },
  }
}

/** Of several processes: some of those that carry exchanges run. */
export function workersCheck(running: () => number, wanted: number): ReadinessCheck {
  return {
    name: 'workers',
    check: () => ({
      ok: running() > 0,
      detail: {
        vi: `${running()}/${wanted} tiến trình xử lý giao dịch đang chạy.`,
        en: `${running()} of ${wanted} processes that carry exchanges run.`,
      },
    }),
  }
}

/** Of several processes: the one that does jobs runs. Without it exchanges go on, and jobs wait. */
export function jobsCheck(runs: () => boolean): ReadinessCheck {
  return {
    name: 'jobs',
    check: () =>
      runs()
        ? {
            ok: true,
            detail: { vi: 'Tiến trình việc nền đang chạy.', en: 'The process that does jobs runs.' },
          }
        : {
            ok: true,
            concern: true,
            detail: {
              vi: 'Tiến trình việc nền không chạy: việc nền phải chờ.',
              en: 'The process that does jobs does not run: jobs wait.',
            },
          },
  }
}

/** Exchanges can be recorded. */
export function ledgerCheck(ledger: Pick<Ledger, 'isAvailable'>): ReadinessCheck {
  return {
    name: 'ledger',
    check: () =>
      ledger.isAvailable()
        ? { ok: true, detail: { vi: 'Sổ giao dịch đang nhận bản ghi.', en: 'The ledger takes records.' } }
        : {
            ok: false,
            detail: {
              vi: 'Sổ giao dịch không nhận bản ghi (cơ sở dữ liệu không phản hồi): mọi giao dịch bị từ chối.',
              en: 'The ledger takes no records (the database is away): every exchange is refused.',
            },
          },
  }
}

/** The log is what was signed, and is signed on. */
export function signingCheck(keeper: Pick<LogKeeper, 'refusal'>): ReadinessCheck {
  return {
    name: 'log',
    check() {
      const refusal = keeper.refusal()
      if (refusal === undefined) {
        return {
          ok: true,
          detail: { vi: 'Sổ giao dịch được ký đều.', en: 'The exchange log is being signed.' },
        }
      }
      const { reason, signedSize, foundSize } = refusal
      const sizes = {
        vi: `đã ký ${signedSize}, thấy ${foundSize}`,
        en: `signed ${signedSize}, found ${foundSize}`,
      }
      return {
        ok: false,
        detail: {
          vi: `Sổ giao dịch không còn như đã ký (${reason}: ${sizes.vi}): cổng từ chối ký tiếp.`,
          en: `The exchange log is not what was signed (${reason}: ${sizes.en}): no checkpoint is signed over it.`,
        },
      }
    },
  }
}

/** Enough witnesses cosign the log. One that does not is named whether or not the others are enough. */
export function witnessCheck(
  witnessing: Pick<Witnessing, 'standings' | 'waitingSinceMs'>,
  alarmAfterMs: number,
  now: () => number,
): ReadinessCheck {
  return {
    name: 'witnesses',
    check() {
      const since = witnessing.waitingSinceMs()
      const ok = since === undefined || now() - since < alarmAfterMs
      const list = witnessing.standings().map(({ name, state, size }) => `${name}: ${state} ${size}`)
      return {
        ok,
        detail: ok
          ? {
              vi: `Đủ nhân chứng ký sổ (${list.join('; ')}).`,
              en: `Enough witnesses cosign the log (${list.join('; ')}).`,
            }
          : {
              vi: `Sổ giao dịch chưa đủ nhân chứng ký từ ${new Date(since).toISOString()} (${list.join('; ')}).`,
              en: `Too few witnesses have cosigned the log since ${new Date(since).toISOString()} (${list.join('; ')}).`,
            },
      }
    },
  }
}

/** A provider whose breaker is not closed. */
export interface ProviderCircuit {
  readonly provider: string
  readonly state: string
}

/** Told to those who ask for everything; whoever else cannot be called, the gateway carries the other exchanges. */
export function providersCheck(circuits: () => Promise<readonly ProviderCircuit[]>): ReadinessCheck {
  return {
    name: 'providers',
    async check() {
      const shut = (await circuits()).flatMap(({ provider, state }) => (state === 'closed' ? [] : [provider]))
      if (shut.length === 0) {
        return {
          ok: true,
          detail: { vi: 'Không có cầu dao nào ngắt.', en: 'The breakers of all providers are closed.' },
        }
      }
      const names = [...new Set(shut)].join(', ')
      return {
        ok: true,
        concern: true,
        detail: {
          vi: `Không gọi được: ${names} (cầu dao ngắt). Giao dịch với các bên khác vẫn đi, nên cổng vẫn sẵn sàng.`,
          en: `Cannot be called: ${names} (breaker not closed). Exchanges with all others go on, so the gateway stays ready.`,
        },
      }
    },
  }
}
