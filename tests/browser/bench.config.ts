import config from './playwright.config.ts'

export default { ...config, testMatch: 'long.bench.ts', globalSetup: './long.ts' }
