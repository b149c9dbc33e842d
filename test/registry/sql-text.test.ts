import { expect } from 'chai'
import type { SqlDialect } from '../../src/model/sql.ts'
import { compileStatement } from '../../src/provider/sql.ts'
import { readQuery } from '../../src/registry/sql-text.ts'

function ruleOf(query: string, dialect: SqlDialect = 'postgresql'): string {
  const read = readQuery(query, dialect)
  return 'rule' in read ? read.rule : 'taken'
}

describe('the text of a query', () => {
  it('is one statement that reads', () => {
    for (const query of [
      'SELECT 1',
      ' with a AS (SELECT 1) SELECT * FROM a',
      'select "update", replace(a, \'x\', \'y\') FROM "delete"',
      "SELECT 'insert; -- not /* a */ statement', ':no'",
      "SELECT a::text, b->>'c', d[1:2] FROM t WHERE x @> y",
    ]) {
      expect(ruleOf(query), query).to.equal('taken')
    }
  })

  const REFUSED: readonly (readonly [query: string, rule: string, dialect?: SqlDialect])[] = [
    ['', 'sql_statement'],
    ['UPDATE t SET a = 1', 'sql_statement'],
    ['EXPLAIN SELECT 1', 'sql_statement'],
    ['(SELECT 1)', 'sql_statement'],
    ['SELECT 1; DROP TABLE t', 'sql_statement'],
    ['SELECT 1;', 'sql_statement'],
    ['SELECT 1 -- x', 'sql_statement'],
    ['SELECT 1 /* x */', 'sql_statement'],
    ['SELECT 1 /*!50000 INTO OUTFILE */', 'sql_statement', 'mariadb'],
    ['SELECT 1 # x', 'sql_statement', 'mariadb'],
    ['SELECT @@version', 'sql_statement', 'mariadb'],
    ['WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a', 'sql_writes'],
    ['WITH a AS (iNsErT INTO t VALUES (1) RETURNING *) SELECT * FROM a', 'sql_writes'],
    ['SELECT * INTO u FROM t', 'sql_writes'],
    ["SELECT * FROM t INTO OUTFILE '/tmp/x'", 'sql_writes', 'mariadb'],
    ['SELECT * FROM t FOR UPDATE', 'sql_writes'],
    ['SELECT * FROM t LOCK IN SHARE MODE', 'sql_writes', 'mariadb'],
    ['SELECT pg_sleep(9)', 'sql_writes'],
    ['SELECT "pg_sleep" (9)', 'sql_writes'],
    ["SELECT pg_catalog.set_config('a', 'b', false)", 'sql_writes'],
    ["SELECT pg_read_file('/etc/passwd')", 'sql_writes'],
    ["SELECT nextval('s')", 'sql_writes'],
    ["SELECT * FROM dblink('x', 'y')", 'sql_writes'],
    ["SELECT load_file('/etc/passwd')", 'sql_writes', 'mariadb'],
    ['SELECT sleep(9)', 'sql_writes', 'mariadb'],
    ['SELECT U&"pg!005fsleep" UESCAPE \'!\' (9)', 'sql_writes'],
    ["SELECT 'a\\' OR 1=1 -- '", 'sql_text', 'mariadb'],
    ["SELECT E'\\x41'", 'sql_text'],
    ['SELECT $1', 'sql_text'],
    ['SELECT $$a$$', 'sql_text'],
    ['SELECT ?', 'sql_text', 'mariadb'],
    ["SELECT 'a", 'sql_text'],
    ['SELECT a := 1', 'sql_text', 'mariadb'],
    ['SELECT\u00a01', 'sql_text'],
    ['SELECT ＤＥＬＥＴＥ', 'sql_text'],
  ]
  for (const [query, rule, dialect] of REFUSED) {
    it(`is refused: ${query || 'nothing'}`, () => {
      expect(ruleOf(query, dialect)).to.equal(rule)
    })
  }

  it('has its parameters as placeholders of the database, never as text', () => {
    const query = "SELECT :a, ':b', x::text FROM t WHERE c = :a AND d = :e_2"
    expect(compileStatement(query, 'postgresql')).to.deep.equal({
      text: "SELECT $1, ':b', x::text FROM t WHERE c = $1 AND d = $2",
      names: ['a', 'e_2'],
    })
    expect(compileStatement(query, 'mariadb')).to.deep.equal({
      text: "SELECT ?, ':b', x::text FROM t WHERE c = ? AND d = ?",
      names: ['a', 'a', 'e_2'],
    })
  })
})
