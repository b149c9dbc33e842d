# The gateway alone; its agencies, database and metrics are elsewhere (config/compose.yaml shows them together).
# Another base, e.g. one built on a closed network:  docker build --build-arg NODE=registry.example/node:24 .
ARG NODE=node:24-bookworm-slim

FROM ${NODE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

# The one file of the try-it page; the rest of its package stays behind.
FROM ${NODE} AS reference
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts && install -D -t /reference node_modules/@scalar/api-reference/dist/browser/standalone.js

FROM ${NODE}
# 0.0.0.0 is every interface of the container; which of them is published is the runtime's to say.
ENV NODE_ENV=production \
    LIENTHONG_DATADIR=/var/lib/lienthong \
    LIENTHONG_LISTEN_HOST=0.0.0.0 \
    LIENTHONG_MANAGEMENT_HOST=0.0.0.0
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=reference /reference/standalone.js ./node_modules/@scalar/api-reference/dist/browser/standalone.js
COPY package.json LICENSE ./
COPY schemas ./schemas
COPY config ./config
COPY src ./src
# The one folder that is written to: keys, and the embedded database where there is no DATABASE_URL.
RUN install -d -o 1000 -g 1000 -m 0700 /var/lib/lienthong
USER 1000:1000
VOLUME ["/var/lib/lienthong"]
EXPOSE 8080 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/readyz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=32", "--use-largepages=silent", "src/main.ts", "serve"]
