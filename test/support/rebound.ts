import type { Binding, Service } from '../../src/model/party.ts'

/** The service with members of its binding changed; a composite service has none and stays as it is. */
export function rebound(service: Service, change: Partial<Binding>): Service {
  const { binding } = service
  return binding ? { ...service, binding: { ...binding, ...change } } : service
}
