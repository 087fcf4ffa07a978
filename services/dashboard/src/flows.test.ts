import { expect, it } from 'vitest'
import { flowsOf, throughput, type Names } from './flows'

const names: Names = { noFund: '–', otherUnits: 'others', noCategory: 'none', takenBack: 'back', balance: 'left' }
const unit = (id: string, spent: string, balance: string) => ({ unit: id, unit_name: null, spent: [{ category: 'labour', amount: spent }], taken_back: '0', balance })
const arrival = (id: string, arrived: string) => ({ fund: 'F', fund_name: null, unit: id, arrived })

it('draws the largest units by name and the rest together, and loses no cent', () => {
  const flows = { currency: 'CNY', arrivals: [arrival('A', '100.01'), arrival('B', '50'), arrival('C', '7')], units: [unit('A', '100.01', '0'), unit('B', '20', '30'), unit('C', '3', '4')] }
  const { nodes, links } = flowsOf(flows, 2, names)
  expect(nodes.filter(({ depth }) => depth === 1).map(({ name }) => name)).toEqual(['A', 'others'])
  expect(throughput('fund:F', links)).toBe('157.01')
  expect(throughput('unit:', links)).toBe('57')
  expect(throughput('use:labour', links)).toBe('123.01')
  expect(throughput('use/left', links)).toBe('34')
})

it('draws nothing for what was overspent', () => {
  const { links } = flowsOf({ currency: 'CNY', arrivals: [arrival('A', '10')], units: [unit('A', '12', '-2')] }, 5, names)
  expect(links.map(({ amount }) => amount)).toEqual(['10', '12'])
})
