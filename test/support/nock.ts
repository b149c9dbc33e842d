import nock from 'nock'

export { default as nock } from 'nock'

// Importing nock patches every HTTP call of the run; it is switched off until a test asks for it.
nock.restore()

/** Lets nock answer the HTTP calls of the tests around it; what nobody answers is refused, loopback aside. */
export function useNock(): void {
  before(() => {
    nock.activate()
    nock.disableNetConnect()
    nock.enableNetConnect(/^(?:127\.0\.0\.1|localhost|\[::1\])(?::|$)/)
  })
  after(() => {
    nock.cleanAll()
    nock.enableNetConnect()
    nock.restore()
  })
}
