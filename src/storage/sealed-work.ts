import type { Vault } from './vault.ts'

/** What work that outlives its request is kept as, sealed: what was asked, and how far it came. */
export interface SealedWork<Order extends object, Progress extends object> {
  sealOrder(id: string, order: Order): Buffer
  sealProgress(id: string, progress: Progress): Buffer
  /** @returns undefined where it was erased. */
  open(
    id: string,
    sealed: { readonly order: Buffer | null; readonly progress: Buffer | null },
  ): { readonly order: Order; readonly progress: Progress } | undefined
}

/** @param table whose rows they are: what is sealed for one row opens in no other. */
export function createSealedWork<Order extends object, Progress extends object>(
  vault: Vault,
  table: string,
): SealedWork<Order, Progress> {
  const contextOf = (id: string, what: 'order' | 'progress') => Buffer.from(`${table} ${id} ${what}`)
  const seal = (id: string, what: 'order' | 'progress', value: object) =>
    vault.seal(Buffer.from(JSON.stringify(value)), contextOf(id, what))
  const open = (id: string, what: 'order' | 'progress', sealed: Buffer): unknown =>
    JSON.parse(vault.open(sealed, contextOf(id, what)).toString())
  return {
    sealOrder: (id, order) => seal(id, 'order', order),
    sealProgress: (id, progress) => seal(id, 'progress', progress),
    open: (id, { order, progress }) =>
      order === null || progress === null
        ? undefined
        : {
            order: open(id, 'order', order) as Order,
            progress: open(id, 'progress', progress) as Progress,
          },
  }
}
