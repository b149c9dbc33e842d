import { createServer, type Server } from 'node:http'
import express, { type NextFunction, type Request, type Response, type Router } from 'express'
import { sendProblem } from './server.ts'

/** The server of the management listener: for operators' systems, never for consumers. It is not yet listening. */
export function createManagementServer(routers: readonly Router[]): Server {
  const app = express()
  app.disable('x-powered-by')
  app.set('etag', false)
  for (const router of routers) app.use(router)
  app.use((thrown: unknown, request: Request, response: Response, _next: NextFunction) => {
    sendProblem(request, response, thrown, { publicUrl: '' })
  })
  return createServer(
    { headersTimeout: 5000, requestTimeout: 10_000, connectionsCheckingInterval: 1000 },
    app,
  )
}
