import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const answer = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false)
  socket.destroy()
  return answer
}

/**
 * Starts a server program and waits until it accepts connections on its port.
 * @throws Error with what it said where it ends before that.
 */
export async function startProgram(
  command: string,
  parameters: readonly string[],
  port: number,
): Promise<{ stop(): Promise<void> }> {
  const child: ChildProcess = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (said += String(chunk)))
  const exit = once(child, 'exit')
  const isRunning = () => child.exitCode === null && child.signalCode === null
  while (!(await accepts(port))) {
    if (!isRunning()) throw new Error(`${command} ended at once: ${said}`)
    await pause(20)
  }
  return {
    async stop() {
      if (isRunning()) child.kill('SIGTERM')
      await exit
    },
  }
}
