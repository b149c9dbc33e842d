import type { MetricEntry } from './metric-entry.ts'

/** From seconds to a week: what people mean by late differs by the data set. */
const AGE_SECONDS = [1, 5, 15, 60, 300, 900, 3600, 21_600, 86_400, 259_200, 604_800] as const

/** Metrics of events and their delivery. */
export const EVENT_METRICS = {
  lienthong_event_age_seconds: {
    type: 'histogram',
    help: "Time from an event's own time to its delivery to one subscriber (replays apart).",
    meaning: 'Độ trễ từ lúc sự kiện xảy ra đến lúc bên nhận có được, theo nguồn dữ liệu.',
    unit: 'seconds',
    labels: { service: 'service', operation: 'operation' },
    buckets: AGE_SECONDS,
  },
  lienthong_events_late_total: {
    type: 'counter',
    help: 'Events delivered later after they happened than their contract promises (deliverWithinSeconds).',
    meaning: 'Số sự kiện đến tay bên nhận muộn hơn cam kết trong hợp đồng.',
    labels: { service: 'service', operation: 'operation' },
  },
  lienthong_dataset_newest_event_timestamp_seconds: {
    type: 'gauge',
    help: 'Unix time at which the newest published event of a type happened.',
    meaning: 'Thời điểm xảy ra của sự kiện mới nhất đã công bố.',
    unit: 'seconds',
    labels: { service: 'service', operation: 'operation' },
    merge: 'max',
  },
  lienthong_dataset_silent: {
    type: 'gauge',
    help: '1 while the newest event is older than the contract allows (silentAfterSeconds); alert on it.',
    meaning: 'Bằng 1 khi nguồn dữ liệu im quá thời hạn ghi trong hợp đồng.',
    labels: { service: 'service', operation: 'operation' },
    merge: 'max',
  },
  lienthong_event_pushes_total: {
    type: 'counter',
    help: 'Pushes of events to subscribers, by how they ended.',
    meaning: 'Số lần đẩy sự kiện đến bên nhận, theo kết quả.',
    labels: { consumer: 'subsystem', outcome: ['delivered', 'postponed', 'dead', 'stopped'] },
  },
  lienthong_event_deliveries: {
    type: 'gauge',
    help: 'Deliveries of events that wait for their receiver, or were given up (dead letters).',
    meaning: 'Số lượt giao sự kiện đang chờ, hoặc đã bỏ (thư chết).',
    labels: { state: ['waiting', 'dead'] },
    merge: 'max',
  },
} as const satisfies Readonly<Record<string, MetricEntry>>
