import { crc32, deflateSync, inflateSync } from 'node:zlib'

/** An RGB picture: three bytes a pixel, row after row. */
interface Picture {
  readonly width: number
  readonly height: number
  readonly pixels: Uint8Array
}

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
const COLOURS = 256
/** The commonest colours keep their exact value: grounds and text must not shimmer. */
const EXACT = 128

/** The filters of PNG (§9.2), undone in place. */
function unfilter(data: Buffer, height: number, stride: number, step: number): Uint8Array {
  const rows = new Uint8Array(height * stride)
  for (let y = 0; y < height; y += 1) {
    const filter = data[y * (stride + 1)] ?? 0
    for (let x = 0; x < stride; x += 1) {
      const at = y * stride + x
      const left = x >= step ? (rows[at - step] ?? 0) : 0
      const up = y > 0 ? (rows[at - stride] ?? 0) : 0
      const corner = x >= step && y > 0 ? (rows[at - stride - step] ?? 0) : 0
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] ?? 0
      rows[at] = (data[y * (stride + 1) + 1 + x] ?? 0) + guess
    }
  }
  return rows
}

function paeth(left: number, up: number, corner: number): number {
  const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)]
  if (a <= b && a <= c) return left
  return b <= c ? up : corner
}

/** Reads what browsers write: 8 bits, RGB or RGBA, not interlaced. */
export function readPng(png: Buffer): Picture {
  const parts: Buffer[] = []
  for (let at = SIGNATURE.length; at < png.length; at += 12 + png.readUInt32BE(at)) {
    const length = png.readUInt32BE(at)
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + length))
  }
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
  const [depth, kind, interlaced] = [png[24], png[25], png[28]]
  if (depth !== 8 || (kind !== 2 && kind !== 6) || interlaced !== 0) throw new Error('no PNG of a browser')
  const step = kind === 6 ? 4 : 3
  const rows = unfilter(inflateSync(Buffer.concat(parts)), height, width * step, step)
  if (step === 3) return { width, height, pixels: rows }
  const pixels = new Uint8Array(width * height * 3)
  for (let at = 0; at < width * height; at += 1) pixels.set(rows.subarray(at * 4, at * 4 + 3), at * 3)
  return { width, height, pixels }
}

type Counted = readonly [colour: number, count: number]
const channel = (colour: number, shift: number) => (colour >> shift) & 255
const SHIFTS = [16, 8, 0] as const

/** Median cut (Heckbert 1982): the box that errs most is halved until there are enough. */
function cut(colours: readonly Counted[], count: number): readonly number[] {
  const measure = (box: readonly Counted[]) => {
    const spans = SHIFTS.map((shift) => {
      const values = box.map(([colour]) => channel(colour, shift))
      return Math.max(...values) - Math.min(...values)
    })
    const widest = Math.max(...spans)
    const weight = box.reduce((sum, [, times]) => sum + times, 0)
    return { box, shift: SHIFTS[spans.indexOf(widest)] ?? 0, worth: widest * Math.sqrt(weight) }
  }
  const boxes = [measure(colours)]
  while (boxes.length < count) {
    boxes.sort((a, b) => b.worth - a.worth)
    const [worst] = boxes
    if (worst === undefined || worst.worth === 0) break
    const sorted = worst.box.toSorted(([a], [b]) => channel(a, worst.shift) - channel(b, worst.shift))
    const half = Math.ceil(sorted.length / 2)
    boxes.splice(0, 1, measure(sorted.slice(0, half)), measure(sorted.slice(half)))
  }
  return boxes.map(({ box }) => {
    const weight = box.reduce((sum, [, times]) => sum + times, 0)
    return SHIFTS.reduce<number>((colour, shift) => {
      const sum = box.reduce((total, [each, times]) => total + channel(each, shift) * times, 0)
      return colour | (Math.round(sum / weight) << shift)
    }, 0)
  })
}

function nearest(palette: readonly number[], colour: number): number {
  const distance = (other: number) =>
    SHIFTS.reduce<number>((sum, shift) => sum + (channel(colour, shift) - channel(other, shift)) ** 2, 0)
  return palette.reduce(
    (best, other, place) => (distance(other) < distance(palette[best] ?? 0) ? place : best),
    0,
  )
}

function chunk(kind: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), data])
  const frame = Buffer.alloc(8 + body.length)
  frame.writeUInt32BE(data.length, 0)
  body.copy(frame, 4)
  frame.writeUInt32BE(crc32(body), 4 + body.length)
  return frame
}

/** @returns the picture in at most 256 colours, a fraction of the bytes of what a browser writes. */
export function withPalette(png: Buffer): Buffer {
  const { width, height, pixels } = readPng(png)
  const counts = new Map<number, number>()
  const colourAt = (at: number) =>
    ((pixels[at * 3] ?? 0) << 16) | ((pixels[at * 3 + 1] ?? 0) << 8) | (pixels[at * 3 + 2] ?? 0)
  for (let at = 0; at < width * height; at += 1) {
    const colour = colourAt(at)
    counts.set(colour, (counts.get(colour) ?? 0) + 1)
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a)
  const exact = sorted.slice(0, counts.size <= COLOURS ? COLOURS : EXACT).map(([colour]) => colour)
  const rest = sorted.slice(exact.length)
  const palette = rest.length === 0 ? exact : [...exact, ...cut(rest, COLOURS - exact.length)]
  const places = new Map(sorted.map(([colour]) => [colour, nearest(palette, colour)]))
  const rows = Buffer.alloc(height * (width + 1))
  for (let at = 0; at < width * height; at += 1) {
    rows[Math.floor(at / width) * (width + 1) + 1 + (at % width)] = places.get(colourAt(at)) ?? 0
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 3, 0, 0, 0], 8)
  const colours = Buffer.from(palette.flatMap((colour) => SHIFTS.map((shift) => channel(colour, shift))))
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', head),
    chunk('PLTE', colours),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', new Uint8Array(0)),
  ])
}
