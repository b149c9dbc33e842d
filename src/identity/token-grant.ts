import { GatewayError } from '../model/errors.ts'
import type { DataExchangeDetail } from '../model/exchange.ts'
import type { Subsystem } from '../model/party.ts'
import type { Confirmation, IssueToken } from './access-token.ts'
import type { Addresses } from './addresses.ts'
import { parseDetails } from './authorization-details.ts'
import type { AuthenticateClient, TokenRequest } from './client-authentication.ts'
import { holdsCertificate } from './client-certificate.ts'
import type { CheckDpopProof } from './dpop.ts'
import { isResource } from './resource.ts'

/** RFC 6749 §5.1. */
export interface TokenResponse {
  readonly access_token: string
  readonly token_type: 'DPoP' | 'Bearer'
  readonly expires_in: number
  readonly authorization_details?: readonly DataExchangeDetail[]
}

/** @throws GatewayError with an `oauth` code of the error table, or `ledger_unavailable`. */
export type GrantToken = (request: TokenRequest) => Promise<TokenResponse>

export interface TokenGrantParts {
  /** Of the token endpoint (the `htu` of a proof sent to it) and of what tokens are given for. */
  readonly addresses: () => Addresses
  readonly authenticateClient: AuthenticateClient
  readonly checkProof: CheckDpopProof
  readonly issueToken: IssueToken
  readonly sandbox: boolean
}

function malformed(vi: string, en: string): GatewayError {
  return new GatewayError('request_malformed', { detail: { vi, en } })
}

function checkGrantType(parameters: TokenRequest['parameters']): void {
  const grantType = parameters.get('grant_type')
  if (grantType === undefined) throw malformed('Thiếu grant_type.', 'grant_type is missing.')
  if (grantType !== 'client_credentials') throw new GatewayError('grant_unsupported')
  if (parameters.get('scope')) {
    throw malformed(
      'Không dùng scope; dùng resource và authorization_details.',
      'Scopes are not used; use resource and authorization_details.',
    )
  }
}

function chooseResource(parts: TokenGrantParts, asked: string | undefined): string {
  const { resources } = parts.addresses()
  if (asked === undefined) return resources[0]
  if (!resources.some((root) => isResource(root, asked))) throw new GatewayError('resource_invalid')
  return asked
}

/** What the token is tied to: the proof's key, else the connection's certificate, else (sandbox) nothing. */
async function bind(
  parts: TokenGrantParts,
  subsystem: Subsystem,
  request: TokenRequest,
): Promise<Confirmation> {
  if (request.dpop !== undefined) {
    const { dpop: proof } = request
    const about = {
      method: 'POST',
      url: parts.addresses().tokenEndpoint,
      tokenDigest: undefined,
      boundTo: undefined,
    }
    return { jkt: await parts.checkProof({ proof, ...about }) }
  }
  const { certificateThumbprint } = request
  if (certificateThumbprint !== undefined && holdsCertificate(subsystem, certificateThumbprint)) {
    return { 'x5t#S256': certificateThumbprint }
  }
  if (parts.sandbox && subsystem.sandbox?.bearerTokens === true) return undefined
  throw malformed(
    'Mã truy cập phải gắn khóa: gửi bằng chứng DPoP hoặc dùng chứng thư đã đăng ký.',
    'Access tokens are bound to a key: send a DPoP proof or use a registered client certificate.',
  )
}

/**
 * The client_credentials grant (RFC 6749 §4.4) as FAPI 2.0 wants it: strong client authentication, one
 * resource, a token tied to its holder. Nothing is used up before everything else was found good.
 */
export function createTokenGrant(parts: TokenGrantParts): GrantToken {
  return async (request) => {
    const { parameters } = request
    checkGrantType(parameters)
    const client = await parts.authenticateClient(request)
    const audience = chooseResource(parts, parameters.get('resource'))
    const asked = parameters.get('authorization_details')
    const details = asked === undefined ? undefined : parseDetails(asked)
    const confirmation = await bind(parts, client.subsystem, request)
    await client.claim()
    const { subsystem, clientKey } = client
    const issued = await parts.issueToken({
      subsystem: subsystem.id,
      audience,
      confirmation,
      clientKey,
      details,
    })
    return {
      access_token: issued.token,
      token_type: request.dpop === undefined ? 'Bearer' : 'DPoP',
      expires_in: issued.expiresInSeconds,
      ...(details && { authorization_details: details }),
    }
  }
}
