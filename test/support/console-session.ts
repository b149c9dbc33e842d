/** Somebody signed in to the console of a sandbox, without a browser. */
export interface ConsoleSession {
  get(path: string): Promise<Response>
  /** Sends a form of a page it has: plain, or with files. */
  post(path: string, form: Readonly<Record<string, string>> | FormData): Promise<Response>
}

function cookieOf(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((each) => each.split(';')[0] ?? '')
    .filter((each) => !each.endsWith('='))
    .join('; ')
}

/** @param reader the subsystem whose right to read is used; the sandbox's provider lets anybody be it. */
export async function signInAs(managementUrl: string, reader: string): Promise<ConsoleSession> {
  const asked = await fetch(`${managementUrl}/console/sign-in`, { redirect: 'manual' })
  const chosen = await fetch(asked.headers.get('location') ?? '')
  const link = [...(await chosen.text()).matchAll(/href="([^"]+)"/g)]
    .map(([, address = '']) => address.replaceAll('&amp;', '&').replaceAll('&#38;', '&'))
    .find((address) => address.includes(encodeURIComponent(reader)))
  if (link === undefined) throw new Error(`${reader} is nobody here`)
  const back = await fetch(new URL(link, chosen.url), { redirect: 'manual' })
  const signedIn = await fetch(back.headers.get('location') ?? '', {
    redirect: 'manual',
    headers: { cookie: cookieOf(asked) },
  })
  const cookie = cookieOf(signedIn)
  return {
    get: (path) => fetch(managementUrl + path, { headers: { cookie }, redirect: 'manual' }),
    post: (path, form) =>
      fetch(managementUrl + path, {
        method: 'POST',
        body: form instanceof FormData ? form : new URLSearchParams(form),
        headers: { cookie },
        redirect: 'manual',
      }),
  }
}
