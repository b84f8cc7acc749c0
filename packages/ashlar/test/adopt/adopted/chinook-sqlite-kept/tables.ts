/// <reference types="node" />
import { autoincrement, column, index, primaryKey, references, system, table } from 'ashlar';
import { z } from 'zod';

export const artist = table(
  'Artist',
  {
    artistId: column(autoincrement(), { name: 'ArtistId' }),
    name: column(z.string().max(120).nullable(), { name: 'Name' }),
  },
);

export const album = table(
  'Album',
  {
    albumId: column(autoincrement(), { name: 'AlbumId' }),
    title: column(z.string().max(160), { name: 'Title' }),
    artistId: column(z.int(), { name: 'ArtistId' }),
  },
  (c) => [
    index(c.artistId, { name: 'IFK_AlbumArtistId' }),
    references(c.artistId, artist.columns.artistId, { onDelete: 'no action' }),
  ],
);

export const employee = table(
  'Employee',
  {
    employeeId: column(autoincrement(), { name: 'EmployeeId' }),
    lastName: column(z.string().max(20), { name: 'LastName' }),
    firstName: column(z.string().max(20), { name: 'FirstName' }),
    title: column(z.string().max(30).nullable(), { name: 'Title' }),
    reportsTo: column(z.int().nullable(), { name: 'ReportsTo' }),
    birthDate: column(z.string().nullable(), { name: 'BirthDate' }),
    hireDate: column(z.string().nullable(), { name: 'HireDate' }),
    address: column(z.string().max(70).nullable(), { name: 'Address' }),
    city: column(z.string().max(40).nullable(), { name: 'City' }),
    state: column(z.string().max(40).nullable(), { name: 'State' }),
    country: column(z.string().max(40).nullable(), { name: 'Country' }),
    postalCode: column(z.string().max(10).nullable(), { name: 'PostalCode' }),
    phone: column(z.string().max(24).nullable(), { name: 'Phone' }),
    fax: column(z.string().max(24).nullable(), { name: 'Fax' }),
    email: column(z.string().max(60).nullable(), { name: 'Email' }),
  },
  (c) => [
    index(c.reportsTo, { name: 'IFK_EmployeeReportsTo' }),
    references(c.reportsTo, () => employee.columns.employeeId, { onDelete: 'no action' }),
  ],
);

export const customer = table(
  'Customer',
  {
    customerId: column(autoincrement(), { name: 'CustomerId' }),
    firstName: column(z.string().max(40), { name: 'FirstName' }),
    lastName: column(z.string().max(20), { name: 'LastName' }),
    company: column(z.string().max(80).nullable(), { name: 'Company' }),
    address: column(z.string().max(70).nullable(), { name: 'Address' }),
    city: column(z.string().max(40).nullable(), { name: 'City' }),
    state: column(z.string().max(40).nullable(), { name: 'State' }),
    country: column(z.string().max(40).nullable(), { name: 'Country' }),
    postalCode: column(z.string().max(10).nullable(), { name: 'PostalCode' }),
    phone: column(z.string().max(24).nullable(), { name: 'Phone' }),
    fax: column(z.string().max(24).nullable(), { name: 'Fax' }),
    email: column(z.string().max(60), { name: 'Email' }),
    supportRepId: column(z.int().nullable(), { name: 'SupportRepId' }),
  },
  (c) => [
    index(c.supportRepId, { name: 'IFK_CustomerSupportRepId' }),
    references(c.supportRepId, employee.columns.employeeId, { onDelete: 'no action' }),
  ],
);

export const genre = table(
  'Genre',
  {
    genreId: column(autoincrement(), { name: 'GenreId' }),
    name: column(z.string().max(120).nullable(), { name: 'Name' }),
  },
);

export const invoice = table(
  'Invoice',
  {
    invoiceId: column(autoincrement(), { name: 'InvoiceId' }),
    customerId: column(z.int(), { name: 'CustomerId' }),
    invoiceDate: column(z.string(), { name: 'InvoiceDate' }),
    billingAddress: column(z.string().max(70).nullable(), { name: 'BillingAddress' }),
    billingCity: column(z.string().max(40).nullable(), { name: 'BillingCity' }),
    billingState: column(z.string().max(40).nullable(), { name: 'BillingState' }),
    billingCountry: column(z.string().max(40).nullable(), { name: 'BillingCountry' }),
    billingPostalCode: column(z.string().max(10).nullable(), { name: 'BillingPostalCode' }),
    total: column(z.number(), { name: 'Total' }),
  },
  (c) => [
    index(c.customerId, { name: 'IFK_InvoiceCustomerId' }),
    references(c.customerId, customer.columns.customerId, { onDelete: 'no action' }),
  ],
);

export const mediaType = table(
  'MediaType',
  {
    mediaTypeId: column(autoincrement(), { name: 'MediaTypeId' }),
    name: column(z.string().max(120).nullable(), { name: 'Name' }),
  },
);

export const track = table(
  'Track',
  {
    trackId: column(autoincrement(), { name: 'TrackId' }),
    name: column(z.string().max(200), { name: 'Name' }),
    albumId: column(z.int().nullable(), { name: 'AlbumId' }),
    mediaTypeId: column(z.int(), { name: 'MediaTypeId' }),
    genreId: column(z.int().nullable(), { name: 'GenreId' }),
    composer: column(z.string().max(220).nullable(), { name: 'Composer' }),
    milliseconds: column(z.int(), { name: 'Milliseconds' }),
    bytes: column(z.int().nullable(), { name: 'Bytes' }),
    unitPrice: column(z.number(), { name: 'UnitPrice' }),
  },
  (c) => [
    index(c.albumId, { name: 'IFK_TrackAlbumId' }),
    index(c.genreId, { name: 'IFK_TrackGenreId' }),
    index(c.mediaTypeId, { name: 'IFK_TrackMediaTypeId' }),
    references(c.albumId, album.columns.albumId, { onDelete: 'no action' }),
    references(c.genreId, genre.columns.genreId, { onDelete: 'no action' }),
    references(c.mediaTypeId, mediaType.columns.mediaTypeId, { onDelete: 'no action' }),
  ],
);

export const invoiceLine = table(
  'InvoiceLine',
  {
    invoiceLineId: column(autoincrement(), { name: 'InvoiceLineId' }),
    invoiceId: column(z.int(), { name: 'InvoiceId' }),
    trackId: column(z.int(), { name: 'TrackId' }),
    unitPrice: column(z.number(), { name: 'UnitPrice' }),
    quantity: column(z.int(), { name: 'Quantity' }),
  },
  (c) => [
    index(c.invoiceId, { name: 'IFK_InvoiceLineInvoiceId' }),
    index(c.trackId, { name: 'IFK_InvoiceLineTrackId' }),
    references(c.invoiceId, invoice.columns.invoiceId, { onDelete: 'no action' }),
    references(c.trackId, track.columns.trackId, { onDelete: 'no action' }),
  ],
);

export const playlist = table(
  'Playlist',
  {
    playlistId: column(autoincrement(), { name: 'PlaylistId' }),
    name: column(z.string().max(120).nullable(), { name: 'Name' }),
  },
);

export const playlistTrack = table(
  'PlaylistTrack',
  {
    playlistId: column(z.int(), { name: 'PlaylistId' }),
    trackId: column(z.int(), { name: 'TrackId' }),
  },
  (c) => [
    primaryKey(c.playlistId, c.trackId),
    index(c.playlistId, { name: 'IFK_PlaylistTrackPlaylistId' }),
    index(c.trackId, { name: 'IFK_PlaylistTrackTrackId' }),
    references(c.playlistId, playlist.columns.playlistId, { onDelete: 'no action' }),
    references(c.trackId, track.columns.trackId, { onDelete: 'no action' }),
  ],
);

export const chinookKept = system('chinook_kept', {
  tables: { artist, album, employee, customer, genre, invoice, mediaType, track, invoiceLine, playlist, playlistTrack },
  migrations: new URL('./migrations/', import.meta.url),
});
