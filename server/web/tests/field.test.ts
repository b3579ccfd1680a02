// The field app in a phone's browser against the real server: let in, offline, killed, back again, sent.

import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAccessible, launch, phone } from './browser'
import { House, ROUND } from './house'
import { PIN, enrol, meet, unlock } from './person'

/** Four pixels. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP4z8AARAwQCgAf7gP9i18U1AAAAABJRU5ErkJggg==',
  'base64',
)
let house: House
let browser: Browser

beforeAll(async () => {
  house = await House.open()
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  await house?.close()
})

interface Kept {
  answers: Record<string, unknown>
  visits: Record<string, Record<string, unknown>>
  disagreements: unknown[]
  blobs: { blob: string; state: string; media_type: string | null }[]
}

/** A household as the commune's reviewer sees it. */
async function atOffice(commune: string, head: string): Promise<Kept> {
  const desk = await house.logIn(`${commune}.hoa`)
  const { unit } = await desk.get<{ unit: number }>('/api/me')
  const path = `/api/rounds/${ROUND}/communes/${unit}/households`
  const [found] = await desk.get<{ household: string }[]>(`${path}?name=${encodeURIComponent(head)}`)
  const page = await desk.get<Omit<Kept, 'answers' | 'visits'> & { household: Pick<Kept, 'answers' | 'visits'> }>(`${path}/${found?.household}`)
  return { ...page, ...page.household }
}

describe('a phone', () => {
  it('is not let in twice by one code, nor with a PIN that is too short', async () => {
    const slip = await house.slip('bang-lang', 'lan')
    const { context } = await phone(browser)
    const page = await context.newPage()
    await page.goto(slip)
    await page.getByLabel('Tên bạn').fill('Lan')
    await page.getByLabel('Chọn mã PIN').fill('1234')
    await page.getByLabel('Nhập lại mã PIN').fill('1234')
    await page.getByRole('button', { name: 'Bắt đầu' }).click()
    await page.getByText('Mã PIN cần ít nhất 6 chữ số').waitFor()
    await page.close()
    await enrol(context, slip, 'Lan')
    const other = await phone(browser)
    const second = await other.context.newPage()
    await second.goto(slip)
    await second.getByLabel('Tên bạn').fill('Lan')
    await second.getByLabel('Chọn mã PIN').fill(PIN)
    await second.getByLabel('Nhập lại mã PIN').fill(PIN)
    await second.getByRole('button', { name: 'Bắt đầu' }).click()
    await second.getByText('Mã không dùng được').waitFor()
    await Promise.all([context.close(), other.context.close()])
  })

  it('works in airplane mode, keeps what was in hand when it is killed, and sends it once there is a line', async () => {
    const { context, asked } = await phone(browser)
    const page = await enrol(context, await house.slip('tan-trinh', 'lan'), 'Lý Thị Lan')
    expect(await page.evaluate(() => location.hash), 'the code is nowhere in the history').toBe('')
    await isAccessible(page, 'the list')
    await context.setOffline(true)
    await page.getByRole('searchbox').fill('pháng long seo')
    await page.getByText('Không có hộ nào như vậy').waitFor()
    await page.getByRole('searchbox').fill('sinh long')
    await page.getByRole('button', { name: /Long Seo Sinh/ }).click()
    await isAccessible(page, 'a household')
    await page.getByRole('button', { name: 'Bắt đầu lượt đến hôm nay' }).click()
    await page.getByRole('radio', { name: 'Gặp được' }).check()
    await page.getByLabel('Người trả lời').waitFor()
    await isAccessible(page, 'a visit')
    // The answer is kept before the next question is drawn. Nothing was saved by hand.
    await page.close()

    const again = await unlock(context, house.base, 'Lý Thị Lan')
    await again.getByRole('button', { name: 'Làm tiếp' }).click()
    expect(await again.getByRole('radio', { name: 'Gặp được' }).isChecked()).toBe(true)
    await again.getByLabel('Người trả lời').fill('Long Seo Sinh')
    await again.getByRole('button', { name: 'Lưu', exact: true }).click()
    await again.getByRole('heading', { name: 'Các lượt đến' }).waitFor()
    await context.grantPermissions(['geolocation'])
    await context.setGeolocation({ latitude: 22.412345, longitude: 104.812345, accuracy: 8 })
    await again.getByRole('button', { name: /Vị trí/ }).click()
    await again.getByRole('button', { name: 'Đo vị trí' }).click()
    await again.getByText('22.412345, 104.812345 · sai số 8 m').waitFor()
    await again.getByLabel('Chụp ảnh').setInputFiles({ name: 'nha.png', mimeType: 'image/png', buffer: PICTURE })
    await again.getByRole('img').waitFor()
    await isAccessible(again, 'place and photo')
    await again.getByRole('button', { name: 'Lưu', exact: true }).click()
    await again.getByRole('button', { name: 'Danh sách hộ' }).click()
    await again.getByText(/mục chờ gửi/).waitFor()

    await context.setOffline(false)
    await again.getByText('Đã gửi hết').waitFor()
    await again.getByText(/Xong: gửi/).waitFor()
    await expect.poll(async () => (await atOffice('tan-trinh', 'long seo sinh')).blobs[0]?.state).toBe('there')
    const kept = await atOffice('tan-trinh', 'long seo sinh')
    const visit = expect.objectContaining({ attempt: 3, outcome: 'met', respondent: 'Long Seo Sinh' })
    expect(Object.values(kept.visits)).toContainEqual(visit)
    expect(kept.answers['gps']).toMatch(/^22\.412345,104\.812345,8,\d+,gps$/)
    expect(kept.answers['house_photo']).toBe(kept.blobs[0]?.blob)
    expect(kept.blobs[0]?.media_type, 'drawn anew').toBe('image/jpeg')
    expect([...asked], 'nobody but the server is asked for anything').toEqual([house.base])
    await context.close()
  })

  it('shows what two people wrote differently, and whoever knows the house settles it offline', async () => {
    const { context } = await phone(browser)
    const page = await enrol(context, await house.slip('tan-trinh', 'minh'), 'Minh')
    await context.setOffline(true)
    await page.getByRole('button', { name: 'Cần bạn', exact: true }).click()
    await page.getByRole('button', { name: /Hà Văn Tuân/ }).click()
    await page.getByRole('heading', { name: 'Hai người ghi khác nhau: Phương tiện và tài sản' }).waitFor()
    expect(await page.getByRole('definition').allTextContents(), 'only what differs').toEqual(['12 con', '21 con'])
    expect(await page.locator('.side > strong').allTextContents(), 'who said what').toEqual(expect.arrayContaining([expect.stringMatching(/^[A-ZĐ]\S+ .+/)]))
    expect(await page.getByText(/Nếu đúng thì là/).count(), 'what each side would come to').toBe(2)
    await isAccessible(page, 'a disagreement')
    await page.getByRole('button', { name: 'Điều này đúng' }).nth(1).click()
    await page.getByText('Hai người ghi khác nhau').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Danh sách hộ' }).click()
    await context.setOffline(false)
    await page.getByText('Đã gửi hết').waitFor()
    const kept = await atOffice('tan-trinh', 'hà văn tuân')
    expect([kept.answers['poultry'], kept.disagreements]).toEqual([21, []])
    await context.close()
  })

  it('founds a household that no list has, with its members, and skips what does not concern them', async () => {
    const { context } = await phone(browser)
    const page = await enrol(context, await house.slip('quang-binh', 'lan'), 'Lan')
    await context.setOffline(true)
    await page.getByRole('button', { name: 'Hộ mới' }).click()
    await isAccessible(page, 'a new household')
    await page.getByLabel('Họ và tên chủ hộ').fill('Giàng A Mới')
    await page.getByLabel('Địa chỉ').fill('Nhà cạnh suối')
    await page.getByRole('button', { name: 'Bắt đầu' }).click()
    await page.getByRole('heading', { name: 'Giàng A Mới', level: 1 }).waitFor()
    await page.getByRole('button', { name: /^Phiếu A/ }).click()
    await page.getByRole('group', { name: /^Tiêu chí 09/ }).waitFor()
    for (const [at, fieldset] of (await page.getByRole('group').all()).entries()) await fieldset.getByRole('radio').nth(at < 3 ? 0 : 1).check()
    await isAccessible(page, 'form A')
    await page.getByRole('button', { name: 'Lưu', exact: true }).click()
    await page.getByText('Dưới 4 tiêu chí').waitFor()
    await page.getByText('Ghi kết quả lượt đến trước').waitFor()
    await meet(page)
    await page.getByText('Thêm thành viên').click()
    await page.getByLabel('Họ và tên').fill('Giàng Thị Bé')
    await page.getByLabel('Giới tính').selectOption({ label: 'Nữ' })
    await page.getByRole('button', { name: 'Thêm', exact: true }).first().click()
    const child = page.locator('h3', { hasText: 'Giàng Thị Bé' }).locator('xpath=following-sibling::ul[1]')
    await child.getByRole('button', { name: /Nhân thân/ }).click()
    await page.getByLabel('Năm').fill('2020')
    await page.getByLabel('Năm').blur()
    await page.getByLabel('Tháng').fill('13')
    await page.getByLabel('Tháng').blur()
    await page.getByText('không phải ngày').waitFor()
    await page.getByLabel('Tháng').fill('')
    await page.getByLabel('Tháng').blur()
    await page.getByText('không phải ngày').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Lưu', exact: true }).click()
    // Nobody asks a child of six for its work, only whether a pension comes; the class does not rest on that.
    await child.getByRole('button', { name: 'Việc làm 0/1 câu' }).waitFor()
    await page.getByRole('button', { name: 'Danh sách hộ' }).click()
    await context.setOffline(false)
    await page.getByText('Đã gửi hết').waitFor()
    const kept = await atOffice('quang-binh', 'giàng a mới')
    expect(kept.answers['address']).toBe('Nhà cạnh suối')
    await context.close()
  })

  it('is open in one tab only, and asks whoever forgets the PIN to wait', async () => {
    const { context } = await phone(browser)
    await enrol(context, await house.slip('xuan-giang', 'lan'), 'Lan')
    const second = await unlock(context, house.base, 'Lan')
    await second.getByText('Đang mở ở một thẻ khác của trình duyệt').waitFor()
    for (let tries = 0; tries < 6; tries += 1) {
      await second.getByLabel('Mã PIN').fill('000000')
      await second.getByRole('button', { name: 'Mở khóa' }).click()
      await second.getByText(tries < 5 ? 'Sai mã PIN' : 'Nhập sai nhiều lần').waitFor()
    }
    await isAccessible(second, 'the PIN')
    await context.close()
  })

  it('says so inside other apps, where nothing can be kept', async () => {
    const userAgent = 'Mozilla/5.0 (Linux; Android 10) AppleWebKit/537.36 Chrome/107.0 Mobile Safari/537.36 Zalo/23.01'
    const { context } = await phone(browser, { userAgent })
    const page = await context.newPage()
    await page.goto(house.base)
    await page.getByRole('heading', { name: 'Hãy mở bằng Chrome' }).waitFor()
    await page.getByRole('button', { name: 'English' }).click()
    await page.getByRole('heading', { name: 'Open in Chrome' }).waitFor()
    await isAccessible(page, 'inside another app')
    await context.close()
  })
})
