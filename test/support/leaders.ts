import { execFileSync } from 'node:child_process'
import { hash, X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Who gives leaders their certificates: OpenSSL, with a root and an authority under it. */
export interface LeaderAuthority {
  readonly rootFile: string
  /** Makes a key and its certificate. */
  issue(name: string, more?: IssueOptions): Leader
  /**
   * Makes a certificate for a key that stays where it is.
   * @param publicKey PEM.
   * @returns PEM file: the certificate, then the authority's.
   */
  certify(name: string, publicKey: string): string
  revoke(leader: Leader): void
  /** Writes lists of both authorities into one file. @param options of `openssl ca -gencrl`. */
  writeLists(file: string, ...options: readonly string[]): void
}

export interface Leader {
  readonly name: string
  readonly keyFile: string
  /** PEM: its own certificate, then the authority's. */
  readonly certificateFile: string
  /** SHA-256, base64url. */
  readonly thumbprint: string
  /** @param flags of `openssl cms -sign`, after the usual ones. @returns DER. */
  sign(text: string | Uint8Array, ...flags: readonly string[]): Buffer
}

interface IssueOptions {
  /** Words of `openssl genpkey`; P-256 where absent. */
  readonly key?: readonly string[]
  /** A section of the configuration; `leader` where absent. */
  readonly extensions?: string
  readonly digest?: string
  /** `yymmddhhmmssZ` */
  readonly from?: string
  readonly until?: string
}

const CONFIG = `
[ca]
default_ca = issuing
[issuing]
database = index.txt
serial = serial
new_certs_dir = .
policy = any
default_days = 30
default_md = sha256
default_crl_days = 7
unique_subject = no
certificate = issuing.pem
private_key = issuing.key
[top]
database = root-index.txt
serial = root-serial
new_certs_dir = .
policy = any
default_days = 60
default_md = sha256
default_crl_days = 7
unique_subject = no
certificate = root.pem
private_key = root.key
[any]
commonName = supplied
[req]
distinguished_name = name
prompt = no
[name]
CN = unused
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[last]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[leader]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature,nonRepudiation
authorityKeyIdentifier = keyid
[sealing]
basicConstraints = critical,CA:FALSE
keyUsage = critical,keyEncipherment
[unsaid]
basicConstraints = critical,CA:FALSE
`
const P256 = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']

/** @param folder a new one. */
export function createLeaderAuthority(folder: string, name = 'Test leaders'): LeaderAuthority {
  mkdirSync(folder)
  const openssl = (...words: readonly string[]) =>
    execFileSync('openssl', words, { cwd: folder, stdio: 'pipe', maxBuffer: 1_000_000 })
  writeFileSync(join(folder, 'conf'), CONFIG)
  for (const file of ['index.txt', 'root-index.txt']) writeFileSync(join(folder, file), '')
  for (const file of ['serial', 'root-serial']) writeFileSync(join(folder, file), '1000\n')
  const request = (file: string, subject: string, key: readonly string[]) => {
    openssl('genpkey', ...key, '-out', `${file}.key`)
    openssl(
      ...['req', '-new', '-key', `${file}.key`, '-subj', `/CN=${subject}`, '-utf8'],
      ...['-config', 'conf', '-out', `${file}.csr`],
    )
  }
  request('root', `${name} root`, P256)
  openssl(
    ...['x509', '-req', '-in', 'root.csr', '-signkey', 'root.key', '-days', '90', '-out', 'root.pem'],
    ...['-extfile', 'conf', '-extensions', 'authority'],
  )
  const ca = (section: string, ...words: readonly string[]) =>
    openssl('ca', '-batch', '-notext', '-utf8', '-config', 'conf', '-name', section, ...words)
  request('issuing', `${name} authority`, P256)
  ca('top', '-in', 'issuing.csr', '-out', 'issuing.pem', '-extensions', 'last')
  const above = readFileSync(join(folder, 'issuing.pem'), 'utf8')
  let issued = 0
  return {
    rootFile: join(folder, 'root.pem'),
    issue(subject, { key = P256, extensions = 'leader', digest = 'sha256', from, until } = {}) {
      issued += 1
      const file = `leader-${issued}`
      request(file, subject, key)
      const times = [...(from ? ['-startdate', from] : []), ...(until ? ['-enddate', until] : [])]
      ca(
        ...(['issuing', '-in', `${file}.csr`, '-out', `${file}.pem`, '-extensions', extensions] as const),
        ...['-md', digest, ...times],
      )
      const own = readFileSync(join(folder, `${file}.pem`), 'utf8')
      const keyFile = join(folder, `${file}.key`)
      const certificateFile = join(folder, `${file}-chain.pem`)
      writeFileSync(certificateFile, own + above)
      return {
        name: subject,
        keyFile,
        certificateFile,
        thumbprint: hash('sha256', new X509Certificate(own).raw, 'base64url'),
        sign(text, ...flags) {
          writeFileSync(join(folder, 'text'), text)
          openssl(
            ...['cms', '-sign', '-binary', '-in', 'text', '-signer', `${file}.pem`, '-inkey', keyFile],
            ...['-certfile', 'issuing.pem', '-outform', 'DER', '-out', 'signature', ...flags],
          )
          return readFileSync(join(folder, 'signature'))
        },
      }
    },
    certify(subject, publicKey) {
      issued += 1
      const file = `device-${issued}`
      writeFileSync(join(folder, `${file}.pub`), publicKey)
      openssl(
        ...['x509', '-new', '-force_pubkey', `${file}.pub`, '-subj', `/CN=${subject}`, '-days', '5'],
        ...['-CA', 'issuing.pem', '-CAkey', 'issuing.key', '-set_serial', `${0x9000 + issued}`],
        ...['-extfile', 'conf', '-extensions', 'leader', '-out', `${file}.pem`],
      )
      const certificateFile = join(folder, `${file}-chain.pem`)
      writeFileSync(certificateFile, readFileSync(join(folder, `${file}.pem`), 'utf8') + above)
      return certificateFile
    },
    revoke({ certificateFile }) {
      ca('issuing', '-revoke', certificateFile)
    },
    writeLists(file, ...options) {
      for (const section of ['issuing', 'top']) ca(section, '-gencrl', ...options, '-out', `${section}.crl`)
      const lists = ['issuing.crl', 'top.crl'].map((each) => readFileSync(join(folder, each), 'utf8'))
      writeFileSync(file, lists.join(''))
    },
  }
}
