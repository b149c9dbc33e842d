import { startConsentPair } from '../support/consent-pair.ts'
import { stopTestServer } from '../support/postgres.ts'

/**
 * Measures how long a consent counts after it was withdrawn:
 *   node test/bench/withdrawal.ts [rounds]
 * Two gateways in processes of their own, one database. Each round uses a fresh consent at the one, withdraws it at
 * the other, and asks at the first without pause until it is refused. Told are the time from sending the withdrawal to
 * its answer, and to the last answer that still came under the consent.
 * The database is an embedded one that is removed afterwards, or on the server DATABASE_URL_TEST names.
 */
const [rounds = 50] = process.argv.slice(2).map(Number)

const pair = await startConsentPair()
const acknowledged: number[] = []
const lastAnswer: number[] = []
let late = 0
try {
  for (let round = 0; round < rounds; round += 1) {
    const { id, artefact } = await pair.issue()
    if ((await pair.ask(artefact)).status !== 200) throw new Error('a good consent is refused')
    const startedMs = performance.now()
    let acknowledgedMs = Number.POSITIVE_INFINITY
    const withdrawal = pair.withdraw(id).then(({ status }) => {
      if (status !== 200) throw new Error(`the withdrawal was answered ${status}`)
      acknowledgedMs = performance.now()
    })
    let lastMs = startedMs
    for (let isRefused = false; !isRefused; ) {
      const sentMs = performance.now()
      const { status, json } = await pair.ask(artefact)
      isRefused = json['code'] === 'consent_withdrawn'
      if (!isRefused && status !== 200) throw new Error(`it is answered ${status}`)
      if (!isRefused) lastMs = performance.now()
      // What was sent after the acknowledgement has to be refused.
      if (!isRefused && sentMs > acknowledgedMs) late += 1
    }
    await withdrawal
    acknowledged.push(acknowledgedMs - startedMs)
    lastAnswer.push(lastMs - startedMs)
  }
} finally {
  await pair.close()
  await stopTestServer()
}

function tell(what: string, times: readonly number[]): void {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => (sorted[Math.ceil(sorted.length * share) - 1] ?? 0).toFixed(1).padStart(7)
  console.log(`${what.padEnd(28)} p50 ${at(0.5)} ms   p95 ${at(0.95)} ms   most ${at(1)} ms`)
}
tell('withdrawal acknowledged', acknowledged)
tell('last answer under it', lastAnswer)
console.log(`${rounds} withdrawals, ${late} answers sent for after the acknowledgement`)
