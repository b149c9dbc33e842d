/** Express 5 and axios as usually written: parse, post on, answer with what came back. It verifies nothing. */
import { createServer } from 'node:http'
import axios from 'axios'
import express from 'express'
import { announce } from './announce.ts'

const providerUrl = process.argv[2] ?? ''
const app = express()

app.use(express.json())

app.post('/lookup', async (request, response) => {
  const answer = await axios.post(`${providerUrl}/lookup`, request.body)
  response.status(answer.status).json(answer.data)
})

announce(createServer(app))
