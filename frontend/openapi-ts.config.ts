import { defineConfig } from '@hey-api/openapi-ts'

// `npm run api`: openapi.json (exported by the backend) -> src/api/generated. Committed, never edited.
export default defineConfig({
  input: './openapi.json',
  output: { path: './src/api/generated', clean: true },
  plugins: [
    { name: '@hey-api/typescript', enums: false },
    { name: '@hey-api/client-axios', throwOnError: true },
    '@hey-api/sdk',
    '@tanstack/react-query',
  ],
})
