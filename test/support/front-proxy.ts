import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { createTestFolder } from './postgres.ts'

/** One request as a proxy understood it and passed it on. */
export interface Forwarded {
  readonly method: string
  readonly url: string
  readonly body: string
}

/** A real proxy in front of the gateway, with short timeouts and a log of what it passed on. */
export interface FrontProxy {
  readonly port: number
  forwarded(): readonly Forwarded[]
  close(): Promise<void>
}

/** @returns where Debian puts a program that is no command of an ordinary user's, or its bare name. */
export function daemonPath(program: string): string {
  const path = join('/usr/sbin', program)
  return existsSync(path) ? path : program
}

/** Resolves once somebody takes connections at the port. @throws where the program ended instead. */
async function listening(port: number, child: ChildProcess, told: () => string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the proxy ended: ${told()}`)
    const socket = connect(port, '127.0.0.1')
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    socket.destroy()
    if (isOpen) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

interface Launched {
  readonly port: number
  output(): string
  close(): Promise<void>
}

async function launch(program: string, parameters: readonly string[], port: number): Promise<Launched> {
  const child = spawn(daemonPath(program), parameters, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk) => {
    output += String(chunk)
  })
  child.stderr.on('data', (chunk) => {
    errors += String(chunk)
  })
  await listening(port, child, () => errors)
  return {
    port,
    output: () => output,
    async close() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

const NGINX_LOG = `'{"method":"$request_method","url":"$request_uri","body":"$request_body","upstream":"$upstream_addr"}'`

/** nginx as its guide has it: buffered requests, HTTP/1.1 and kept connections to the gateway. */
export async function startNginxFront(gatewayPort: number): Promise<FrontProxy> {
  const prefix = await createTestFolder()
  const port = await freePort()
  const log = join(prefix, 'access.log')
  mkdirSync(join(prefix, 'body'))
  writeFileSync(
    join(prefix, 'nginx.conf'),
    `
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr crit;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 512; }
http {
  log_format passed escape=json ${NGINX_LOG};
  access_log ${log} passed;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  client_body_buffer_size 256k; client_header_timeout 300ms; client_body_timeout 300ms; keepalive_timeout 200ms;
  upstream gateway { server 127.0.0.1:${gatewayPort}; keepalive 4; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://gateway;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_next_upstream off;
    }
  }
}
`,
  )
  const launched = await launch('nginx', ['-p', prefix, '-c', 'nginx.conf', '-e', 'stderr'], port)
  return {
    ...launched,
    forwarded: () =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line): Forwarded & { upstream: string } => JSON.parse(line))
        .filter(({ upstream }) => upstream !== ''),
  }
}

/** HAProxy with its defaults, and connections to the gateway shared by all clients. */
export async function startHaproxyFront(gatewayPort: number): Promise<FrontProxy> {
  const prefix = await createTestFolder()
  const port = await freePort()
  const settings = join(prefix, 'haproxy.cfg')
  writeFileSync(
    settings,
    `
global
  nbthread 1
  log stdout format raw local0 info
  tune.http.logurilen 2048
defaults
  mode http
  log global
  log-format "%HM %[var(txn.body)] %s %HU"
  option http-keep-alive
  option http-buffer-request
  http-reuse always
  retries 0
  timeout connect 1s
  timeout server 3s
  timeout client 400ms
  timeout http-request 400ms
  timeout http-keep-alive 200ms
frontend door
  bind 127.0.0.1:${port}
  http-request set-var(txn.body) req.body,hex
  default_backend gateway
backend gateway
  server gateway 127.0.0.1:${gatewayPort} pool-max-conn 4
`,
  )
  const launched = await launch('haproxy', ['-db', '-f', settings], port)
  return {
    ...launched,
    forwarded: () =>
      launched
        .output()
        .split('\n')
        .map((line) => /^(\S+) (\S*) (\S+) (.*)$/.exec(line))
        .filter((match) => match?.[3] === 'gateway')
        .map((match) => ({
          method: match?.[1] ?? '',
          url: match?.[4] ?? '',
          body: Buffer.from((match?.[2] ?? '').replace('-', ''), 'hex').toString('latin1'),
        })),
  }
}
