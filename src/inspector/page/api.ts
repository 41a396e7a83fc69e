/** Calls of the server's API that the page makes by itself; the feed and the logs are its worker's. */
import { API_PATH, type ApiFault } from '../feed-format.ts';
import { keptText } from './kept.ts';

/** The secret of the server's link; '' = there is none yet. */
export const token = keptText('token', '');

/** Rejects with the server's own words where it refuses. */
export async function callApi(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(`${API_PATH}${path}`, {
    ...init,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token.peek()}` },
  });
  if (response.ok) return response;
  const fault: ApiFault = await response.json().catch(() => ({ error: `status ${response.status}` }));
  throw new Error(fault.error);
}
