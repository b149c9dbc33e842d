/** Sets up the try-it page: nothing is asked of any other host, and no token is kept. */

interface Reference {
  createApiReference(element: Element, configuration: Readonly<Record<string, unknown>>): unknown
}

const place = document.getElementById('reference')
const scalar = (globalThis as { Scalar?: Reference }).Scalar
if (place !== null && scalar !== undefined) {
  scalar.createApiReference(place, {
    url: place.dataset['document'],
    withDefaultFonts: false,
    telemetry: false,
    agent: { disabled: true },
    mcp: { disabled: true },
    showDeveloperTools: 'never',
    hideClientButton: true,
    persistAuth: false,
    documentDownloadType: 'json',
    theme: 'default',
  })
}
