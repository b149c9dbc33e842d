import { GatewayError } from '../model/errors.ts'
import type { AuthenticatedClient, CheckClientAssertion } from './client-assertion.ts'
import { checkClientCertificate } from './client-certificate.ts'
import type { SubsystemDirectory } from './registered-keys.ts'

/** A request to an endpoint of the authorization server, as the door read it; each parameter came once. */
export interface TokenRequest {
  readonly parameters: ReadonlyMap<string, string>
  readonly authorization: string | undefined
  readonly dpop: string | undefined
  readonly certificateThumbprint: string | undefined
}

/**
 * Who sends a request to an endpoint of the authorization server: by assertion, or by the certificate of the
 * connection.
 * @throws GatewayError `client_invalid`, `request_malformed`.
 */
export type AuthenticateClient = (request: TokenRequest) => Promise<AuthenticatedClient>

export interface ClientAuthenticationParts {
  readonly directory: () => SubsystemDirectory
  readonly checkAssertion: CheckClientAssertion
}

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** Exactly one way of authenticating (RFC 6749 §2.3); secrets are none of them. */
export function createClientAuthentication(parts: ClientAuthenticationParts): AuthenticateClient {
  return async (request) => {
    const { parameters } = request
    if (request.authorization !== undefined || parameters.has('client_secret')) {
      throw new GatewayError('client_invalid')
    }
    const clientId = parameters.get('client_id')
    const assertion = parameters.get('client_assertion')
    if (assertion !== undefined) {
      if (parameters.get('client_assertion_type') !== ASSERTION_TYPE) {
        throw new GatewayError('request_malformed', {
          detail: {
            vi: 'client_assertion_type không đúng.',
            en: 'The client_assertion_type is not the JWT one.',
          },
        })
      }
      const client = await parts.checkAssertion(assertion)
      if (clientId !== undefined && clientId !== client.subsystem.id) throw new GatewayError('client_invalid')
      return client
    }
    if (clientId === undefined) throw new GatewayError('client_invalid')
    const subsystem = checkClientCertificate(parts.directory(), clientId, request.certificateThumbprint)
    return { subsystem, clientKey: request.certificateThumbprint ?? '', claim: async () => {} }
  }
}
