/** Where a secret is kept; the registry names it and never holds it. */
export type SecretReference = { readonly file: string } | { readonly environment: string }
