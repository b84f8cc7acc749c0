-- 0001_baseline
-- artist: create table
-- album: create table
-- employee: create table
-- customer: create table
-- genre: create table
-- invoice: create table
-- media_type: create table
-- track: create table
-- invoice_line: create table
-- playlist: create table
-- playlist_track: create table
-- ashlar: makes table artist, column artist.artist_id, column artist.name, constraint artist.artist_pkey
-- ashlar: makes table album, column album.album_id, column album.title, column album.artist_id
-- ashlar: makes constraint album.album_pkey, constraint album.album_artist_id_fkey, index album_artist_id_idx
-- ashlar: makes table employee, column employee.employee_id, column employee.last_name
-- ashlar: makes column employee.first_name, column employee.title, column employee.reports_to
-- ashlar: makes column employee.birth_date, column employee.hire_date, column employee.address
-- ashlar: makes column employee.city, column employee.state, column employee.country
-- ashlar: makes column employee.postal_code, column employee.phone, column employee.fax
-- ashlar: makes column employee.email, constraint employee.employee_pkey
-- ashlar: makes constraint employee.employee_reports_to_fkey, index employee_reports_to_idx, table customer
-- ashlar: makes column customer.customer_id, column customer.first_name, column customer.last_name
-- ashlar: makes column customer.company, column customer.address, column customer.city, column customer.state
-- ashlar: makes column customer.country, column customer.postal_code, column customer.phone
-- ashlar: makes column customer.fax, column customer.email, column customer.support_rep_id
-- ashlar: makes constraint customer.customer_pkey, constraint customer.customer_support_rep_id_fkey
-- ashlar: makes index customer_support_rep_id_idx, table genre, column genre.genre_id, column genre.name
-- ashlar: makes constraint genre.genre_pkey, table invoice, column invoice.invoice_id
-- ashlar: makes column invoice.customer_id, column invoice.invoice_date, column invoice.billing_address
-- ashlar: makes column invoice.billing_city, column invoice.billing_state, column invoice.billing_country
-- ashlar: makes column invoice.billing_postal_code, column invoice.total, constraint invoice.invoice_pkey
-- ashlar: makes constraint invoice.invoice_customer_id_fkey, index invoice_customer_id_idx, table media_type
-- ashlar: makes column media_type.media_type_id, column media_type.name
-- ashlar: makes constraint media_type.media_type_pkey, table track, column track.track_id, column track.name
-- ashlar: makes column track.album_id, column track.media_type_id, column track.genre_id
-- ashlar: makes column track.composer, column track.milliseconds, column track.bytes, column track.unit_price
-- ashlar: makes constraint track.track_pkey, constraint track.track_album_id_fkey
-- ashlar: makes constraint track.track_genre_id_fkey, constraint track.track_media_type_id_fkey
-- ashlar: makes index track_album_id_idx, index track_genre_id_idx, index track_media_type_id_idx
-- ashlar: makes table invoice_line, column invoice_line.invoice_line_id, column invoice_line.invoice_id
-- ashlar: makes column invoice_line.track_id, column invoice_line.unit_price, column invoice_line.quantity
-- ashlar: makes constraint invoice_line.invoice_line_pkey
-- ashlar: makes constraint invoice_line.invoice_line_invoice_id_fkey
-- ashlar: makes constraint invoice_line.invoice_line_track_id_fkey, index invoice_line_invoice_id_idx
-- ashlar: makes index invoice_line_track_id_idx, table playlist, column playlist.playlist_id
-- ashlar: makes column playlist.name, constraint playlist.playlist_pkey, table playlist_track
-- ashlar: makes column playlist_track.playlist_id, column playlist_track.track_id
-- ashlar: makes constraint playlist_track.playlist_track_pkey
-- ashlar: makes constraint playlist_track.playlist_track_playlist_id_fkey
-- ashlar: makes constraint playlist_track.playlist_track_track_id_fkey, index playlist_track_playlist_id_idx
-- ashlar: makes index playlist_track_track_id_idx

CREATE TABLE artist (
  artist_id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
  name character varying(120),
  CONSTRAINT artist_pkey PRIMARY KEY (artist_id)
);

CREATE TABLE album (
  album_id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
  title character varying(160) NOT NULL,
  artist_id integer NOT NULL,
  CONSTRAINT album_pkey PRIMARY KEY (album_id),
  CONSTRAINT album_artist_id_fkey FOREIGN KEY (artist_id) REFERENCES artist(artist_id)
);
CREATE INDEX album_artist_id_idx ON album (artist_id);

CREATE TABLE employee (
  employee_id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
  last_name character varying(20) NOT NULL,
  first_name character varying(20) NOT NULL,
  title character varying(30),
  reports_to integer,
  birth_date timestamp without time zone,
  hire_date timestamp without time zone,
  address character varying(70),
  city character varying(40),
  state character varying(40),
  country character varying(40),
  postal_code character varying(10),
  phone character varying(24),
  fax character varying(24),
  email character varying(60),
  CONSTRAINT employee_pkey PRIMARY KEY (employee_id),
  CONSTRAINT employee_reports_to_fkey FOREIGN KEY (reports_to) REFERENCES employee(employee_id)
);
CREATE INDEX employee_reports_to_idx ON employee (reports_to);

CREATE TABLE customer (
  customer_id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
  first_name character varying(40) NOT NULL,
  last_name character varying(20) NOT NULL,
  company character varying(80),
  address character varying(70),
  city character varying(40),
  state character varying(40),
  country character varying(40),
  postal_code character varying(10),
  phone character varying(24),
  fax character varying(24),
  email character varying(60) NOT NULL,
  support_rep_id integer,
  CONSTRAINT customer_pkey PRIMARY KEY (customer_id),
  CONSTRAINT customer_support_rep_id_fkey FOREIGN KEY (support_rep_id) REFERENCES employee(employee_id)
);
CREATE INDEX customer_support_rep_id_idx ON customer (support_rep_id);

CREATE TABLE genre (
  genre_id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
  name character varying(120),
  CONSTRAINT genre_pkey PRIMARY KEY (genre_id)
);

CREATE TABLE invoice (
  invoice_id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
  customer_id integer NOT NULL,
  invoice_date timestamp without time zone NOT NULL,
  billing_address character varying(70),
  billing_city character varying(40),
  billing_state character varying(40),
  billing_country character varying(40),
  billing_postal_code character varying(10),
  total numeric(10,2) NOT NULL,
  CONSTRAINT invoice_pkey PRIMARY KEY (invoice_id),
  CONSTRAINT invoice_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customer(customer_id)
);
CREATE INDEX invoice_customer_id_idx ON invoice (customer_id);

CREATE TABLE media_type (
  media_type_id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
  name character varying(120),
  CONSTRAINT media_type_pkey PRIMARY KEY (media_type_id)
);

CREATE TABLE track (
  track_id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
  name character varying(200) NOT NULL,
  album_id integer,
  media_type_id integer NOT NULL,
  genre_id integer,
  composer character varying(220),
  milliseconds integer NOT NULL,
  bytes integer,
  unit_price numeric(10,2) NOT NULL,
  CONSTRAINT track_pkey PRIMARY KEY (track_id),
  CONSTRAINT track_album_id_fkey FOREIGN KEY (album_id) REFERENCES album(album_id),
  CONSTRAINT track_genre_id_fkey FOREIGN KEY (genre_id) REFERENCES genre(genre_id),
  CONSTRAINT track_media_type_id_fkey FOREIGN KEY (media_type_id) REFERENCES media_type(media_type_id)
);
CREATE INDEX track_album_id_idx ON track (album_id);
CREATE INDEX track_genre_id_idx ON track (genre_id);
CREATE INDEX track_media_type_id_idx ON track (media_type_id);

CREATE TABLE invoice_line (
  invoice_line_id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
  invoice_id integer NOT NULL,
  track_id integer NOT NULL,
  unit_price numeric(10,2) NOT NULL,
  quantity integer NOT NULL,
  CONSTRAINT invoice_line_pkey PRIMARY KEY (invoice_line_id),
  CONSTRAINT invoice_line_invoice_id_fkey FOREIGN KEY (invoice_id) REFERENCES invoice(invoice_id),
  CONSTRAINT invoice_line_track_id_fkey FOREIGN KEY (track_id) REFERENCES track(track_id)
);
CREATE INDEX invoice_line_invoice_id_idx ON invoice_line (invoice_id);
CREATE INDEX invoice_line_track_id_idx ON invoice_line (track_id);

CREATE TABLE playlist (
  playlist_id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
  name character varying(120),
  CONSTRAINT playlist_pkey PRIMARY KEY (playlist_id)
);

CREATE TABLE playlist_track (
  playlist_id integer NOT NULL,
  track_id integer NOT NULL,
  CONSTRAINT playlist_track_pkey PRIMARY KEY (playlist_id, track_id),
  CONSTRAINT playlist_track_playlist_id_fkey FOREIGN KEY (playlist_id) REFERENCES playlist(playlist_id),
  CONSTRAINT playlist_track_track_id_fkey FOREIGN KEY (track_id) REFERENCES track(track_id)
);
CREATE INDEX playlist_track_playlist_id_idx ON playlist_track (playlist_id);
CREATE INDEX playlist_track_track_id_idx ON playlist_track (track_id);
