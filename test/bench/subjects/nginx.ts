import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { QUESTION } from '../message.ts'
import { PROVIDER_CONNECTIONS, type RowContext, RowUnavailable, type Subject } from '../row.ts'

/** nginx passing requests on with one worker and no access log; it verifies nothing. */
export async function startNginx({ host, providerUrl }: RowContext): Promise<Subject> {
  const program = host.findProgram('nginx')
  if (program === undefined) throw new RowUnavailable('nginx is not there (Debian: apt-get install nginx)')
  const port = await host.freePort()
  const prefix = join(host.directory, 'nginx')
  mkdirSync(prefix, { recursive: true })
  const settings = join(prefix, 'nginx.conf')
  writeFileSync(settings, nginxSettings(port, new URL(providerUrl).host))
  const launched = host.launch(program, ['-p', prefix, '-c', settings, '-e', 'stderr'])
  await launched.listening(port)
  return {
    url: `http://127.0.0.1:${port}/lookup`,
    pid: launched.pid,
    request: () => ({ headers: {}, body: QUESTION }),
    close: () => launched.stop(),
  }
}

/** All that it may write lies below its own prefix, so that an installed nginx is never touched. */
function nginxSettings(port: number, provider: string): string {
  const asRoot = process.getuid?.() === 0
  return `
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr crit;
${asRoot ? 'user root;' : ''}
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  keepalive_requests 100000000;
  upstream provider {
    server ${provider};
    keepalive ${PROVIDER_CONNECTIONS};
    keepalive_requests 100000000;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`
}
