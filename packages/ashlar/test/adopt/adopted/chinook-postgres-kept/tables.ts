/// <reference types="node" />
import { autoincrement, decimal, index, primaryKey, references, system, table } from 'ashlar';
import { z } from 'zod';

export const artist = table(
  'artist',
  {
    artist_id: autoincrement(),
    name: z.string().max(120).nullable(),
  },
);

export const album = table(
  'album',
  {
    album_id: autoincrement(),
    title: z.string().max(160),
    artist_id: z.int().min(-2147483648).max(2147483647),
  },
  (c) => [
    index(c.artist_id),
    references(c.artist_id, artist.columns.artist_id, { onDelete: 'no action' }),
  ],
);

export const employee = table(
  'employee',
  {
    employee_id: autoincrement(),
    last_name: z.string().max(20),
    first_name: z.string().max(20),
    title: z.string().max(30).nullable(),
    reports_to: z.int().min(-2147483648).max(2147483647).nullable(),
    birth_date: z.iso.datetime({ precision: 6 }).nullable(),
    hire_date: z.iso.datetime({ precision: 6 }).nullable(),
    address: z.string().max(70).nullable(),
    city: z.string().max(40).nullable(),
    state: z.string().max(40).nullable(),
    country: z.string().max(40).nullable(),
    postal_code: z.string().max(10).nullable(),
    phone: z.string().max(24).nullable(),
    fax: z.string().max(24).nullable(),
    email: z.string().max(60).nullable(),
  },
  (c) => [
    index(c.reports_to),
    references(c.reports_to, () => employee.columns.employee_id, { onDelete: 'no action' }),
  ],
);

export const customer = table(
  'customer',
  {
    customer_id: autoincrement(),
    first_name: z.string().max(40),
    last_name: z.string().max(20),
    company: z.string().max(80).nullable(),
    address: z.string().max(70).nullable(),
    city: z.string().max(40).nullable(),
    state: z.string().max(40).nullable(),
    country: z.string().max(40).nullable(),
    postal_code: z.string().max(10).nullable(),
    phone: z.string().max(24).nullable(),
    fax: z.string().max(24).nullable(),
    email: z.string().max(60),
    support_rep_id: z.int().min(-2147483648).max(2147483647).nullable(),
  },
  (c) => [
    index(c.support_rep_id),
    references(c.support_rep_id, employee.columns.employee_id, { onDelete: 'no action' }),
  ],
);

export const genre = table(
  'genre',
  {
    genre_id: autoincrement(),
    name: z.string().max(120).nullable(),
  },
);

export const invoice = table(
  'invoice',
  {
    invoice_id: autoincrement(),
    customer_id: z.int().min(-2147483648).max(2147483647),
    invoice_date: z.iso.datetime({ precision: 6 }),
    billing_address: z.string().max(70).nullable(),
    billing_city: z.string().max(40).nullable(),
    billing_state: z.string().max(40).nullable(),
    billing_country: z.string().max(40).nullable(),
    billing_postal_code: z.string().max(10).nullable(),
    total: decimal(10, 2),
  },
  (c) => [
    index(c.customer_id),
    references(c.customer_id, customer.columns.customer_id, { onDelete: 'no action' }),
  ],
);

export const mediaType = table(
  'media_type',
  {
    media_type_id: autoincrement(),
    name: z.string().max(120).nullable(),
  },
);

export const track = table(
  'track',
  {
    track_id: autoincrement(),
    name: z.string().max(200),
    album_id: z.int().min(-2147483648).max(2147483647).nullable(),
    media_type_id: z.int().min(-2147483648).max(2147483647),
    genre_id: z.int().min(-2147483648).max(2147483647).nullable(),
    composer: z.string().max(220).nullable(),
    milliseconds: z.int().min(-2147483648).max(2147483647),
    bytes: z.int().min(-2147483648).max(2147483647).nullable(),
    unit_price: decimal(10, 2),
  },
  (c) => [
    index(c.album_id),
    index(c.genre_id),
    index(c.media_type_id),
    references(c.album_id, album.columns.album_id, { onDelete: 'no action' }),
    references(c.genre_id, genre.columns.genre_id, { onDelete: 'no action' }),
    references(c.media_type_id, mediaType.columns.media_type_id, { onDelete: 'no action' }),
  ],
);

export const invoiceLine = table(
  'invoice_line',
  {
    invoice_line_id: autoincrement(),
    invoice_id: z.int().min(-2147483648).max(2147483647),
    track_id: z.int().min(-2147483648).max(2147483647),
    unit_price: decimal(10, 2),
    quantity: z.int().min(-2147483648).max(2147483647),
  },
  (c) => [
    index(c.invoice_id),
    index(c.track_id),
    references(c.invoice_id, invoice.columns.invoice_id, { onDelete: 'no action' }),
    references(c.track_id, track.columns.track_id, { onDelete: 'no action' }),
  ],
);

export const playlist = table(
  'playlist',
  {
    playlist_id: autoincrement(),
    name: z.string().max(120).nullable(),
  },
);

export const playlistTrack = table(
  'playlist_track',
  {
    playlist_id: z.int().min(-2147483648).max(2147483647),
    track_id: z.int().min(-2147483648).max(2147483647),
  },
  (c) => [
    primaryKey(c.playlist_id, c.track_id),
    index(c.playlist_id),
    index(c.track_id),
    references(c.playlist_id, playlist.columns.playlist_id, { onDelete: 'no action' }),
    references(c.track_id, track.columns.track_id, { onDelete: 'no action' }),
  ],
);

export const chinookKept = system('chinook_kept', {
  tables: { artist, album, employee, customer, genre, invoice, mediaType, track, invoiceLine, playlist, playlistTrack },
  migrations: new URL('./migrations/', import.meta.url),
});
