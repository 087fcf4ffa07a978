import vue from '@vitejs/plugin-vue'
import components from 'unplugin-vue-components/vite'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import { defineConfig } from 'vitest/config'

// Where `npm run dev` finds the API.
const API = process.env.KAREZ_API ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [vue(), components({ dts: false, dirs: [], resolvers: [ElementPlusResolver()] })],
  // A folder within dist/, so that dist/ itself stays and cargo can watch it.
  build: { outDir: 'dist/site', emptyOutDir: true, target: 'es2022', chunkSizeWarningLimit: 700, assetsInlineLimit: 0 },
  server: { proxy: { '/v1': API, '/healthz': API } },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
})
