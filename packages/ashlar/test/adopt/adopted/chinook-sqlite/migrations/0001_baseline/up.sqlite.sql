-- 0001_baseline
-- Artist: create table
-- Album: create table
-- Employee: create table
-- Customer: create table
-- Genre: create table
-- Invoice: create table
-- MediaType: create table
-- Track: create table
-- InvoiceLine: create table
-- Playlist: create table
-- PlaylistTrack: create table
-- ashlar: makes table "Artist", column "Artist"."ArtistId", column "Artist"."Name"
-- ashlar: makes constraint "Artist"."PK_Artist", table "Album", column "Album"."AlbumId"
-- ashlar: makes column "Album"."Title", column "Album"."ArtistId", constraint "Album"."PK_Album"
-- ashlar: makes constraint "Album"."FOREIGN KEY (""ArtistId"") REFERENCES ""Artist"" (""ArtistId"") ON DELETE NO ACTION ON UPDATE NO ACTION"
-- ashlar: makes index "IFK_AlbumArtistId", table "Employee", column "Employee"."EmployeeId"
-- ashlar: makes column "Employee"."LastName", column "Employee"."FirstName", column "Employee"."Title"
-- ashlar: makes column "Employee"."ReportsTo", column "Employee"."BirthDate", column "Employee"."HireDate"
-- ashlar: makes column "Employee"."Address", column "Employee"."City", column "Employee"."State"
-- ashlar: makes column "Employee"."Country", column "Employee"."PostalCode", column "Employee"."Phone"
-- ashlar: makes column "Employee"."Fax", column "Employee"."Email", constraint "Employee"."PK_Employee"
-- ashlar: makes constraint "Employee"."FOREIGN KEY (""ReportsTo"") REFERENCES ""Employee"" (""EmployeeId"") ON DELETE NO ACTION ON UPDATE NO ACTION"
-- ashlar: makes index "IFK_EmployeeReportsTo", table "Customer", column "Customer"."CustomerId"
-- ashlar: makes column "Customer"."FirstName", column "Customer"."LastName", column "Customer"."Company"
-- ashlar: makes column "Customer"."Address", column "Customer"."City", column "Customer"."State"
-- ashlar: makes column "Customer"."Country", column "Customer"."PostalCode", column "Customer"."Phone"
-- ashlar: makes column "Customer"."Fax", column "Customer"."Email", column "Customer"."SupportRepId"
-- ashlar: makes constraint "Customer"."PK_Customer"
-- ashlar: makes constraint "Customer"."FOREIGN KEY (""SupportRepId"") REFERENCES ""Employee"" (""EmployeeId"") ON DELETE NO ACTION ON UPDATE NO ACTION"
-- ashlar: makes index "IFK_CustomerSupportRepId", table "Genre", column "Genre"."GenreId"
-- ashlar: makes column "Genre"."Name", constraint "Genre"."PK_Genre", table "Invoice"
-- ashlar: makes column "Invoice"."InvoiceId", column "Invoice"."CustomerId", column "Invoice"."InvoiceDate"
-- ashlar: makes column "Invoice"."BillingAddress", column "Invoice"."BillingCity"
-- ashlar: makes column "Invoice"."BillingState", column "Invoice"."BillingCountry"
-- ashlar: makes column "Invoice"."BillingPostalCode", column "Invoice"."Total"
-- ashlar: makes constraint "Invoice"."PK_Invoice"
-- ashlar: makes constraint "Invoice"."FOREIGN KEY (""CustomerId"") REFERENCES ""Customer"" (""CustomerId"") ON DELETE NO ACTION ON UPDATE NO ACTION"
-- ashlar: makes index "IFK_InvoiceCustomerId", table "MediaType", column "MediaType"."MediaTypeId"
-- ashlar: makes column "MediaType"."Name", constraint "MediaType"."PK_MediaType", table "Track"
-- ashlar: makes column "Track"."TrackId", column "Track"."Name", column "Track"."AlbumId"
-- ashlar: makes column "Track"."MediaTypeId", column "Track"."GenreId", column "Track"."Composer"
-- ashlar: makes column "Track"."Milliseconds", column "Track"."Bytes", column "Track"."UnitPrice"
-- ashlar: makes constraint "Track"."PK_Track"
-- ashlar: makes constraint "Track"."FOREIGN KEY (""AlbumId"") REFERENCES ""Album"" (""AlbumId"") ON DELETE NO ACTION ON UPDATE NO ACTION"
-- ashlar: makes constraint "Track"."FOREIGN KEY (""GenreId"") REFERENCES ""Genre"" (""GenreId"") ON DELETE NO ACTION ON UPDATE NO ACTION"
-- ashlar: makes constraint "Track"."FOREIGN KEY (""MediaTypeId"") REFERENCES ""MediaType"" (""MediaTypeId"") ON DELETE NO ACTION ON UPDATE NO ACTION"
-- ashlar: makes index "IFK_TrackAlbumId", index "IFK_TrackGenreId", index "IFK_TrackMediaTypeId"
-- ashlar: makes table "InvoiceLine", column "InvoiceLine"."InvoiceLineId", column "InvoiceLine"."InvoiceId"
-- ashlar: makes column "InvoiceLine"."TrackId", column "InvoiceLine"."UnitPrice"
-- ashlar: makes column "InvoiceLine"."Quantity", constraint "InvoiceLine"."PK_InvoiceLine"
-- ashlar: makes constraint "InvoiceLine"."FOREIGN KEY (""InvoiceId"") REFERENCES ""Invoice"" (""InvoiceId"") ON DELETE NO ACTION ON UPDATE NO ACTION"
-- ashlar: makes constraint "InvoiceLine"."FOREIGN KEY (""TrackId"") REFERENCES ""Track"" (""TrackId"") ON DELETE NO ACTION ON UPDATE NO ACTION"
-- ashlar: makes index "IFK_InvoiceLineInvoiceId", index "IFK_InvoiceLineTrackId", table "Playlist"
-- ashlar: makes column "Playlist"."PlaylistId", column "Playlist"."Name", constraint "Playlist"."PK_Playlist"
-- ashlar: makes table "PlaylistTrack", column "PlaylistTrack"."PlaylistId", column "PlaylistTrack"."TrackId"
-- ashlar: makes constraint "PlaylistTrack"."PK_PlaylistTrack"
-- ashlar: makes constraint "PlaylistTrack"."FOREIGN KEY (""PlaylistId"") REFERENCES ""Playlist"" (""PlaylistId"") ON DELETE NO ACTION ON UPDATE NO ACTION"
-- ashlar: makes constraint "PlaylistTrack"."FOREIGN KEY (""TrackId"") REFERENCES ""Track"" (""TrackId"") ON DELETE NO ACTION ON UPDATE NO ACTION"
-- ashlar: makes index "IFK_PlaylistTrackPlaylistId", index "IFK_PlaylistTrackTrackId"

CREATE TABLE "Artist" (
  "ArtistId" INTEGER       NOT NULL,
  "Name"     NVARCHAR(120),
  CONSTRAINT "PK_Artist" PRIMARY KEY ("ArtistId")
);

CREATE TABLE "Album" (
  "AlbumId"  INTEGER       NOT NULL,
  "Title"    NVARCHAR(160) NOT NULL,
  "ArtistId" INTEGER       NOT NULL,
  CONSTRAINT "PK_Album" PRIMARY KEY ("AlbumId"),
  FOREIGN KEY ("ArtistId") REFERENCES "Artist" ("ArtistId") ON DELETE NO ACTION ON UPDATE NO ACTION
);
CREATE INDEX [IFK_AlbumArtistId] ON [Album] ([ArtistId]);

CREATE TABLE "Employee" (
  "EmployeeId" INTEGER      NOT NULL,
  "LastName"   NVARCHAR(20) NOT NULL,
  "FirstName"  NVARCHAR(20) NOT NULL,
  "Title"      NVARCHAR(30),
  "ReportsTo"  INTEGER,
  "BirthDate"  DATETIME,
  "HireDate"   DATETIME,
  "Address"    NVARCHAR(70),
  "City"       NVARCHAR(40),
  "State"      NVARCHAR(40),
  "Country"    NVARCHAR(40),
  "PostalCode" NVARCHAR(10),
  "Phone"      NVARCHAR(24),
  "Fax"        NVARCHAR(24),
  "Email"      NVARCHAR(60),
  CONSTRAINT "PK_Employee" PRIMARY KEY ("EmployeeId"),
  FOREIGN KEY ("ReportsTo") REFERENCES "Employee" ("EmployeeId") ON DELETE NO ACTION ON UPDATE NO ACTION
);
CREATE INDEX [IFK_EmployeeReportsTo] ON [Employee] ([ReportsTo]);

CREATE TABLE "Customer" (
  "CustomerId"   INTEGER      NOT NULL,
  "FirstName"    NVARCHAR(40) NOT NULL,
  "LastName"     NVARCHAR(20) NOT NULL,
  "Company"      NVARCHAR(80),
  "Address"      NVARCHAR(70),
  "City"         NVARCHAR(40),
  "State"        NVARCHAR(40),
  "Country"      NVARCHAR(40),
  "PostalCode"   NVARCHAR(10),
  "Phone"        NVARCHAR(24),
  "Fax"          NVARCHAR(24),
  "Email"        NVARCHAR(60) NOT NULL,
  "SupportRepId" INTEGER,
  CONSTRAINT "PK_Customer" PRIMARY KEY ("CustomerId"),
  FOREIGN KEY ("SupportRepId") REFERENCES "Employee" ("EmployeeId") ON DELETE NO ACTION ON UPDATE NO ACTION
);
CREATE INDEX [IFK_CustomerSupportRepId] ON [Customer] ([SupportRepId]);

CREATE TABLE "Genre" (
  "GenreId" INTEGER       NOT NULL,
  "Name"    NVARCHAR(120),
  CONSTRAINT "PK_Genre" PRIMARY KEY ("GenreId")
);

CREATE TABLE "Invoice" (
  "InvoiceId"         INTEGER        NOT NULL,
  "CustomerId"        INTEGER        NOT NULL,
  "InvoiceDate"       DATETIME       NOT NULL,
  "BillingAddress"    NVARCHAR(70),
  "BillingCity"       NVARCHAR(40),
  "BillingState"      NVARCHAR(40),
  "BillingCountry"    NVARCHAR(40),
  "BillingPostalCode" NVARCHAR(10),
  "Total"             NUMERIC(10, 2) NOT NULL,
  CONSTRAINT "PK_Invoice" PRIMARY KEY ("InvoiceId"),
  FOREIGN KEY ("CustomerId") REFERENCES "Customer" ("CustomerId") ON DELETE NO ACTION ON UPDATE NO ACTION
);
CREATE INDEX [IFK_InvoiceCustomerId] ON [Invoice] ([CustomerId]);

CREATE TABLE "MediaType" (
  "MediaTypeId" INTEGER       NOT NULL,
  "Name"        NVARCHAR(120),
  CONSTRAINT "PK_MediaType" PRIMARY KEY ("MediaTypeId")
);

CREATE TABLE "Track" (
  "TrackId"      INTEGER        NOT NULL,
  "Name"         NVARCHAR(200)  NOT NULL,
  "AlbumId"      INTEGER,
  "MediaTypeId"  INTEGER        NOT NULL,
  "GenreId"      INTEGER,
  "Composer"     NVARCHAR(220),
  "Milliseconds" INTEGER        NOT NULL,
  "Bytes"        INTEGER,
  "UnitPrice"    NUMERIC(10, 2) NOT NULL,
  CONSTRAINT "PK_Track" PRIMARY KEY ("TrackId"),
  FOREIGN KEY ("AlbumId") REFERENCES "Album" ("AlbumId") ON DELETE NO ACTION ON UPDATE NO ACTION,
  FOREIGN KEY ("GenreId") REFERENCES "Genre" ("GenreId") ON DELETE NO ACTION ON UPDATE NO ACTION,
  FOREIGN KEY ("MediaTypeId") REFERENCES "MediaType" ("MediaTypeId") ON DELETE NO ACTION ON UPDATE NO ACTION
);
CREATE INDEX [IFK_TrackAlbumId] ON [Track] ([AlbumId]);
CREATE INDEX [IFK_TrackGenreId] ON [Track] ([GenreId]);
CREATE INDEX [IFK_TrackMediaTypeId] ON [Track] ([MediaTypeId]);

CREATE TABLE "InvoiceLine" (
  "InvoiceLineId" INTEGER        NOT NULL,
  "InvoiceId"     INTEGER        NOT NULL,
  "TrackId"       INTEGER        NOT NULL,
  "UnitPrice"     NUMERIC(10, 2) NOT NULL,
  "Quantity"      INTEGER        NOT NULL,
  CONSTRAINT "PK_InvoiceLine" PRIMARY KEY ("InvoiceLineId"),
  FOREIGN KEY ("InvoiceId") REFERENCES "Invoice" ("InvoiceId") ON DELETE NO ACTION ON UPDATE NO ACTION,
  FOREIGN KEY ("TrackId") REFERENCES "Track" ("TrackId") ON DELETE NO ACTION ON UPDATE NO ACTION
);
CREATE INDEX [IFK_InvoiceLineInvoiceId] ON [InvoiceLine] ([InvoiceId]);
CREATE INDEX [IFK_InvoiceLineTrackId] ON [InvoiceLine] ([TrackId]);

CREATE TABLE "Playlist" (
  "PlaylistId" INTEGER       NOT NULL,
  "Name"       NVARCHAR(120),
  CONSTRAINT "PK_Playlist" PRIMARY KEY ("PlaylistId")
);

CREATE TABLE "PlaylistTrack" (
  "PlaylistId" INTEGER NOT NULL,
  "TrackId"    INTEGER NOT NULL,
  CONSTRAINT "PK_PlaylistTrack" PRIMARY KEY ("PlaylistId", "TrackId"),
  FOREIGN KEY ("PlaylistId") REFERENCES "Playlist" ("PlaylistId") ON DELETE NO ACTION ON UPDATE NO ACTION,
  FOREIGN KEY ("TrackId") REFERENCES "Track" ("TrackId") ON DELETE NO ACTION ON UPDATE NO ACTION
);
CREATE INDEX [IFK_PlaylistTrackPlaylistId] ON [PlaylistTrack] ([PlaylistId]);
CREATE INDEX [IFK_PlaylistTrackTrackId] ON [PlaylistTrack] ([TrackId]);
