import koffi from 'koffi'

/** The part of PKCS#11 v2.40 (OASIS) that signing needs, as JavaScript functions. Return values are CK_RV. */
export interface Pkcs11Library {
  initialize(): number
  /** Ids of slots that hold a token. */
  slots(): readonly number[]
  tokenLabel(slot: number): string
  openSession(slot: number): number
  closeSession(session: number): number
  login(session: number, pin: string): number
  find(session: number, template: readonly Attribute[]): readonly number[]
  attribute(session: number, object: number, type: number): Buffer
  /** SignInit at once, Sign on a thread of its own: the event loop never waits for a device. */
  sign(session: number, key: number, mechanism: Mechanism, data: Uint8Array): Promise<Buffer>
}

export interface Attribute {
  readonly type: number
  readonly value: Uint8Array
}

export interface Mechanism {
  readonly mechanism: number
  readonly parameter?: Uint8Array
}

/** CK_ULONG in the machine's own byte order and size (LP64). */
export function ulong(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

/** A CK_RV that is not CKR_OK; its number is in the standard's table. */
export class Pkcs11Error extends Error {
  override readonly name = 'Pkcs11Error'
  readonly returned: number

  constructor(call: string, returned: number) {
    super(`${call} returned 0x${returned.toString(16)}`)
    this.returned = returned
  }
}

const OK = 0
const ALREADY_INITIALIZED = 0x191
const OS_LOCKING_OK = 2
const SERIAL_SESSION = 4
const USER = 1
const MAX_SLOTS = 64
const MAX_OBJECTS = 4
const MAX_ATTRIBUTE_BYTES = 2048
const MAX_SIGNATURE_BYTES = 1024
/** CK_TOKEN_INFO begins with a label of 32 bytes padded by blanks; the whole is a little over 200 bytes. */
const TOKEN_INFO_BYTES = 512
const LABEL_BYTES = 32

function must(call: string, returned: number): void {
  if (returned !== OK) throw new Pkcs11Error(call, returned)
}

function readUlong(bytes: Buffer, index = 0): number {
  return Number(bytes.readBigUInt64LE(index * 8))
}

/**
 * Loads a PKCS#11 module through koffi (no compiled add-on). The module has to export its functions by name, as
 * SoftHSM, OpenSC, p11-kit and the makers of HSMs do.
 * @throws Error where the file is not such a library.
 */
export function loadPkcs11(path: string): Pkcs11Library {
  const library = koffi.load(path)
  const rv = 'unsigned long'
  const handle = 'unsigned long'
  const attribute = koffi.struct({ type: 'unsigned long', value: 'void *', length: 'unsigned long' })
  const mechanism = koffi.struct({ mechanism: 'unsigned long', parameter: 'void *', length: 'unsigned long' })
  const define = (name: string, parameters: Parameters<typeof library.func>[3]) =>
    library.func(name, rv, parameters)
  const initialize = define('C_Initialize', ['void *'])
  const getSlotList = define('C_GetSlotList', ['unsigned char', 'void *', 'void *'])
  const getTokenInfo = define('C_GetTokenInfo', [handle, 'void *'])
  const openSession = define('C_OpenSession', [handle, 'unsigned long', 'void *', 'void *', 'void *'])
  const closeSession = define('C_CloseSession', [handle])
  const login = define('C_Login', [handle, 'unsigned long', 'void *', 'unsigned long'])
  const findInit = define('C_FindObjectsInit', [handle, koffi.pointer(attribute), 'unsigned long'])
  const find = define('C_FindObjects', [handle, 'void *', 'unsigned long', 'void *'])
  const findFinal = define('C_FindObjectsFinal', [handle])
  const getAttribute = define('C_GetAttributeValue', [
    handle,
    handle,
    koffi.inout(koffi.pointer(attribute)),
    'unsigned long',
  ])
  const signInit = define('C_SignInit', [handle, koffi.pointer(mechanism), handle])
  const sign = define('C_Sign', [handle, 'void *', 'unsigned long', 'void *', 'void *'])

  return {
    initialize() {
      // CK_C_INITIALIZE_ARGS: four functions and a reserved pointer that are NULL, flags between them.
      const values = Buffer.alloc(48)
      values.writeBigUInt64LE(BigInt(OS_LOCKING_OK), 32)
      const returned = initialize(values)
      return returned === ALREADY_INITIALIZED ? OK : returned
    },
    slots() {
      const list = Buffer.alloc(MAX_SLOTS * 8)
      const count = ulong(MAX_SLOTS)
      must('C_GetSlotList', getSlotList(1, list, count))
      return Array.from({ length: readUlong(count) }, (_, index) => readUlong(list, index))
    },
    tokenLabel(slot) {
      const info = Buffer.alloc(TOKEN_INFO_BYTES)
      must('C_GetTokenInfo', getTokenInfo(slot, info))
      return info.subarray(0, LABEL_BYTES).toString().trimEnd()
    },
    openSession(slot) {
      const session = ulong(0)
      must('C_OpenSession', openSession(slot, SERIAL_SESSION, null, null, session))
      return readUlong(session)
    },
    closeSession: (session) => closeSession(session),
    login(session, pin) {
      const bytes = Buffer.from(pin)
      return login(session, USER, bytes, bytes.length)
    },
    find(session, template) {
      const list = template.map(({ type, value }) => ({ type, value, length: value.length }))
      must('C_FindObjectsInit', findInit(session, list, list.length))
      const objects = Buffer.alloc(MAX_OBJECTS * 8)
      const count = ulong(0)
      const returned = find(session, objects, MAX_OBJECTS, count)
      findFinal(session)
      must('C_FindObjects', returned)
      return Array.from({ length: readUlong(count) }, (_, index) => readUlong(objects, index))
    },
    attribute(session, object, type) {
      const value = Buffer.alloc(MAX_ATTRIBUTE_BYTES)
      const asked = { type, value, length: value.length }
      must('C_GetAttributeValue', getAttribute(session, object, asked, 1))
      return value.subarray(0, asked.length)
    },
    async sign(session, key, { mechanism: number, parameter }, data) {
      const given = { mechanism: number, parameter: parameter ?? null, length: parameter?.length ?? 0 }
      must('C_SignInit', signInit(session, given, key))
      const signature = Buffer.alloc(MAX_SIGNATURE_BYTES)
      const length = ulong(signature.length)
      const returned = await new Promise<number>((resolve, reject) => {
        sign.async(session, data, data.length, signature, length, (error: unknown, result: number) =>
          error ? reject(error) : resolve(result),
        )
      })
      must('C_Sign', returned)
      return signature.subarray(0, readUlong(length))
    },
  }
}
