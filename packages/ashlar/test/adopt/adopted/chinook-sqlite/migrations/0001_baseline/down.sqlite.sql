-- ashlar: rebuild
-- undoes 0001_baseline

DROP TABLE "PlaylistTrack";

DROP TABLE "Playlist";

DROP TABLE "InvoiceLine";

DROP TABLE "Track";

DROP TABLE "MediaType";

DROP TABLE "Invoice";

DROP TABLE "Genre";

DROP TABLE "Customer";

DROP TABLE "Employee";

DROP TABLE "Album";

DROP TABLE "Artist";
