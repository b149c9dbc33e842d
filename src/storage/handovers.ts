import type pg from 'pg'
import type { CountPackage } from '../jobs/package.ts'
import type { FigureScope, PackageCount } from '../reporting/figures.ts'
import type { Period } from '../reporting/period.ts'

const ADD = `INSERT INTO package_day (day, consumer, service, operation, packages, records, bytes)
  VALUES ((now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, $1, $2, $3, 1, $4, $5)
  ON CONFLICT (day, consumer, service, operation)
  DO UPDATE SET packages = package_day.packages + 1, records = package_day.records + excluded.records,
                bytes = package_day.bytes + excluded.bytes`

export function createPackageCounter(pool: pg.Pool): CountPackage {
  return async ({ consumer, service, operation, records, bytes }) => {
    await pool.query(ADD, [consumer, service, operation, records, bytes])
  }
}

const READ = `SELECT consumer, service, operation, sum(packages)::text AS packages, sum(records)::text AS records,
    sum(bytes)::text AS bytes FROM package_day
  WHERE day >= $1 AND day < $2 AND ($4::text IS NULL OR service = $4)
    AND ($3::text[] IS NULL OR consumer = ANY ($3)
         OR array_to_string((string_to_array(service, '/'))[1:2], '/') = ANY ($3))
  GROUP BY consumer, service, operation ORDER BY consumer, service, operation`

type Row = Readonly<Record<keyof PackageCount, string>>

export async function readPackages(
  pool: pg.Pool,
  { from, until }: Period,
  { parties, service }: FigureScope,
): Promise<readonly PackageCount[]> {
  const { rows } = await pool.query<Row>(READ, [from, until, parties ?? null, service ?? null])
  return rows.map(({ packages, records, bytes, ...names }) => ({
    ...names,
    packages: Number(packages),
    records: Number(records),
    bytes: Number(bytes),
  }))
}
