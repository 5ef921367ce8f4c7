import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

const API = process.env.FLOTILLA_API ?? 'http://127.0.0.1:8000'

// The API refuses foreign origins, so the proxy speaks to it under the API's own.
const proxied = { target: API, changeOrigin: true, headers: { origin: API } }

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': new URL('./src', import.meta.url).pathname } },
  server: {
    port: 5173,
    proxy: { '/api': proxied, '/ws': { ...proxied, ws: true, rewriteWsOrigin: true } },
  },
  build: { target: 'es2022', sourcemap: false, chunkSizeWarningLimit: 600 },
  test: {
    restoreMocks: true,
    projects: [
      { extends: true, test: { name: 'logic', environment: 'node', include: ['src/**/*.test.ts'] } },
      {
        extends: true,
        test: { name: 'page', environment: 'jsdom', testTimeout: 30_000, include: ['src/**/*.test.tsx'], setupFiles: ['src/testing/setup.ts'] },
      },
    ],
  },
})
