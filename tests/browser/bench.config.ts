import config from './playwright.config.ts'

// A trace takes pictures of the page's tree within the page, and would be measured with it.
export default { ...config, testMatch: 'long.bench.ts', globalSetup: './long.ts', use: { ...config.use, trace: 'off' as const } }
