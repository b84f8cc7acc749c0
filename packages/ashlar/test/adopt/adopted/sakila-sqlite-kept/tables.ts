/// <reference types="node" />
import { bytes, index, primaryKey, references, system, table } from 'ashlar';
import { z } from 'zod';

export const actor = table(
  'actor',
  {
    actor_id: z.int(),
    first_name: z.string().max(45),
    last_name: z.string().max(45),
    last_update: z.string(),
  },
  (c) => [
    primaryKey(c.actor_id),
    index(c.last_name, { name: 'idx_actor_last_name' }),
  ],
);

export const country = table(
  'country',
  {
    country_id: z.int(),
    country: z.string().max(50),
    last_update: z.string().nullable(),
  },
  (c) => [
    primaryKey(c.country_id),
  ],
);

export const city = table(
  'city',
  {
    city_id: z.int(),
    city: z.string().max(50),
    country_id: z.int(),
    last_update: z.string(),
  },
  (c) => [
    primaryKey(c.city_id),
    index(c.country_id, { name: 'idx_fk_country_id' }),
    references(c.country_id, country.columns.country_id, { onDelete: 'no action', onUpdate: 'cascade' }),
  ],
);

export const address = table(
  'address',
  {
    address_id: z.int(),
    address: z.string().max(50),
    address2: z.string().max(50).nullable(),
    district: z.string().max(20),
    city_id: z.int(),
    postal_code: z.string().max(10).nullable(),
    phone: z.string().max(20),
    last_update: z.string(),
  },
  (c) => [
    primaryKey(c.address_id),
    index(c.city_id, { name: 'idx_fk_city_id' }),
    references(c.city_id, city.columns.city_id, { onDelete: 'no action', onUpdate: 'cascade' }),
  ],
);

export const category = table(
  'category',
  {
    category_id: z.int(),
    name: z.string().max(25),
    last_update: z.string(),
  },
  (c) => [
    primaryKey(c.category_id),
  ],
);

export const staff = table(
  'staff',
  {
    staff_id: z.int(),
    first_name: z.string().max(45),
    last_name: z.string().max(45),
    address_id: z.int(),
    picture: bytes().nullable(),
    email: z.string().max(50).nullable(),
    store_id: z.int(),
    active: z.int().default(1),
    username: z.string().max(16),
    password: z.string().max(40).nullable(),
    last_update: z.string(),
  },
  (c) => [
    primaryKey(c.staff_id),
    index(c.store_id, { name: 'idx_fk_staff_store_id' }),
    references(c.store_id, () => store.columns.store_id, { onDelete: 'no action', onUpdate: 'cascade' }),
    references(c.address_id, address.columns.address_id, { onDelete: 'no action', onUpdate: 'cascade' }),
  ],
);

export const store = table(
  'store',
  {
    store_id: z.int(),
    manager_staff_id: z.int(),
    address_id: z.int(),
    last_update: z.string(),
  },
  (c) => [
    primaryKey(c.store_id),
    index(c.manager_staff_id, { name: 'idx_store_fk_manager_staff_id' }),
    references(c.manager_staff_id, staff.columns.staff_id, { onDelete: 'no action' }),
    references(c.address_id, address.columns.address_id, { onDelete: 'no action' }),
  ],
);

export const customer = table(
  'customer',
  {
    customer_id: z.int(),
    store_id: z.int(),
    first_name: z.string().max(45),
    last_name: z.string().max(45),
    email: z.string().max(50).nullable(),
    address_id: z.int(),
    active: z.string().max(1).default('Y'),
    create_date: z.string(),
    last_update: z.string(),
  },
  (c) => [
    primaryKey(c.customer_id),
    index(c.address_id, { name: 'idx_customer_fk_address_id' }),
    index(c.store_id, { name: 'idx_customer_fk_store_id' }),
    index(c.last_name, { name: 'idx_customer_last_name' }),
    references(c.store_id, store.columns.store_id, { onDelete: 'no action', onUpdate: 'cascade' }),
    references(c.address_id, address.columns.address_id, { onDelete: 'no action', onUpdate: 'cascade' }),
  ],
);

export const language = table(
  'language',
  {
    language_id: z.int(),
    name: z.string().max(20),
    last_update: z.string(),
  },
  (c) => [
    primaryKey(c.language_id),
  ],
);

export const film = table(
  'film',
  {
    film_id: z.int(),
    title: z.string().max(255),
    description: z.string().nullable(),
    release_year: z.string().max(4).nullable(),
    language_id: z.int(),
    original_language_id: z.int().nullable(),
    rental_duration: z.int().default(3),
    rental_rate: z.number().default(4.99),
    length: z.int().nullable(),
    replacement_cost: z.number().default(19.99),
    rating: z.string().max(10).nullable().default('G'),
    special_features: z.string().max(100).nullable(),
    last_update: z.string(),
  },
  (c) => [
    primaryKey(c.film_id),
    index(c.language_id, { name: 'idx_fk_language_id' }),
    index(c.original_language_id, { name: 'idx_fk_original_language_id' }),
    references(c.language_id, language.columns.language_id, { onDelete: 'no action' }),
    references(c.original_language_id, language.columns.language_id, { onDelete: 'no action' }),
  ],
);

export const filmActor = table(
  'film_actor',
  {
    actor_id: z.int(),
    film_id: z.int(),
    last_update: z.string(),
  },
  (c) => [
    primaryKey(c.actor_id, c.film_id),
    index(c.actor_id, { name: 'idx_fk_film_actor_actor' }),
    index(c.film_id, { name: 'idx_fk_film_actor_film' }),
    references(c.actor_id, actor.columns.actor_id, { onDelete: 'no action', onUpdate: 'cascade' }),
    references(c.film_id, film.columns.film_id, { onDelete: 'no action', onUpdate: 'cascade' }),
  ],
);

export const filmCategory = table(
  'film_category',
  {
    film_id: z.int(),
    category_id: z.int(),
    last_update: z.string(),
  },
  (c) => [
    primaryKey(c.film_id, c.category_id),
    references(c.film_id, film.columns.film_id, { onDelete: 'no action', onUpdate: 'cascade' }),
    references(c.category_id, category.columns.category_id, { onDelete: 'no action', onUpdate: 'cascade' }),
  ],
);

export const filmText = table(
  'film_text',
  {
    film_id: z.int(),
    title: z.string().max(255),
    description: z.string().nullable(),
  },
  (c) => [
    primaryKey(c.film_id),
  ],
);

export const inventory = table(
  'inventory',
  {
    inventory_id: z.int(),
    film_id: z.int(),
    store_id: z.int(),
    last_update: z.string(),
  },
  (c) => [
    primaryKey(c.inventory_id),
    index(c.store_id, c.film_id, { name: 'idx_fk_film_id_store_id' }),
    references(c.store_id, store.columns.store_id, { onDelete: 'no action', onUpdate: 'cascade' }),
    references(c.film_id, film.columns.film_id, { onDelete: 'no action', onUpdate: 'cascade' }),
  ],
);

export const rental = table(
  'rental',
  {
    rental_id: z.int(),
    rental_date: z.string(),
    inventory_id: z.int(),
    customer_id: z.int(),
    return_date: z.string().nullable(),
    staff_id: z.int(),
    last_update: z.string(),
  },
  (c) => [
    primaryKey(c.rental_id),
    index(c.inventory_id, { name: 'idx_rental_fk_inventory_id' }),
    index(c.rental_date, c.inventory_id, c.customer_id, { name: 'idx_rental_uq', unique: true }),
    references(c.staff_id, staff.columns.staff_id, { onDelete: 'no action' }),
    references(c.inventory_id, inventory.columns.inventory_id, { onDelete: 'no action' }),
    references(c.customer_id, customer.columns.customer_id, { onDelete: 'no action' }),
  ],
);

export const payment = table(
  'payment',
  {
    payment_id: z.int(),
    customer_id: z.int(),
    staff_id: z.int(),
    rental_id: z.int().nullable(),
    amount: z.number(),
    payment_date: z.string(),
    last_update: z.string(),
  },
  (c) => [
    primaryKey(c.payment_id),
    index(c.staff_id, { name: 'idx_fk_staff_id' }),
    references(c.rental_id, rental.columns.rental_id, { onDelete: 'set null', onUpdate: 'cascade' }),
    references(c.customer_id, customer.columns.customer_id, { onDelete: 'no action' }),
    references(c.staff_id, staff.columns.staff_id, { onDelete: 'no action' }),
  ],
);

export const sakilaKept = system('sakila_kept', {
  tables: { actor, country, city, address, category, staff, store, customer, language, film, filmActor, filmCategory, filmText, inventory, rental, payment },
  migrations: new URL('./migrations/', import.meta.url),
});
