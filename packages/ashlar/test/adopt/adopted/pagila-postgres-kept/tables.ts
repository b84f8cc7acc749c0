/// <reference types="node" />
import { array, autoincrement, bytes, decimal, index, now, primaryKey, references, system, table } from 'ashlar';
import { z } from 'zod';

export const actor = table(
  'actor',
  {
    actor_id: autoincrement(),
    first_name: z.string(),
    last_name: z.string(),
    last_update: now(z.iso.datetime({ precision: 6 })),
  },
  (c) => [
    index(c.last_name, { name: 'idx_actor_last_name' }),
  ],
);

export const country = table(
  'country',
  {
    country_id: autoincrement(),
    country: z.string(),
    last_update: now(z.iso.datetime({ precision: 6 })),
  },
);

export const city = table(
  'city',
  {
    city_id: autoincrement(),
    city: z.string(),
    country_id: z.int().min(-2147483648).max(2147483647),
    last_update: now(z.iso.datetime({ precision: 6 })),
  },
  (c) => [
    index(c.country_id, { name: 'idx_fk_country_id' }),
    references(c.country_id, country.columns.country_id, { onUpdate: 'cascade' }),
  ],
);

export const address = table(
  'address',
  {
    address_id: autoincrement(),
    address: z.string(),
    address2: z.string().nullable(),
    district: z.string(),
    city_id: z.int().min(-2147483648).max(2147483647),
    postal_code: z.string().nullable(),
    phone: z.string(),
    last_update: now(z.iso.datetime({ precision: 6 })),
  },
  (c) => [
    index(c.city_id, { name: 'idx_fk_city_id' }),
    references(c.city_id, city.columns.city_id, { onUpdate: 'cascade' }),
  ],
);

export const category = table(
  'category',
  {
    category_id: autoincrement(),
    name: z.string(),
    last_update: now(z.iso.datetime({ precision: 6 })),
  },
);

export const store = table(
  'store',
  {
    store_id: autoincrement(),
    manager_staff_id: z.int().min(-2147483648).max(2147483647),
    address_id: z.int().min(-2147483648).max(2147483647),
    last_update: now(z.iso.datetime({ precision: 6 })),
  },
  (c) => [
    index(c.manager_staff_id, { name: 'idx_unq_manager_staff_id', unique: true }),
    references(c.address_id, address.columns.address_id, { onUpdate: 'cascade' }),
  ],
);

export const customer = table(
  'customer',
  {
    customer_id: autoincrement(),
    store_id: z.int().min(-2147483648).max(2147483647),
    first_name: z.string(),
    last_name: z.string(),
    email: z.string().nullable(),
    address_id: z.int().min(-2147483648).max(2147483647),
    activebool: z.boolean().default(true),
    create_date: now(z.iso.date()),
    last_update: now(z.iso.datetime({ precision: 6 }).nullable()),
    active: z.int().min(-2147483648).max(2147483647).nullable(),
  },
  (c) => [
    index(c.address_id, { name: 'idx_fk_address_id' }),
    references(c.address_id, address.columns.address_id, { onUpdate: 'cascade' }),
    references(c.store_id, store.columns.store_id, { onUpdate: 'cascade' }),
  ],
);

export const language = table(
  'language',
  {
    language_id: autoincrement(),
    name: z.string().max(20),
    last_update: now(z.iso.datetime({ precision: 6 })),
  },
);

export const film = table(
  'film',
  {
    film_id: autoincrement(),
    title: z.string(),
    description: z.string().nullable(),
    language_id: z.int().min(-2147483648).max(2147483647),
    original_language_id: z.int().min(-2147483648).max(2147483647).nullable(),
    rental_duration: z.int().min(-32768).max(32767).default(3),
    rental_rate: decimal(4, 2).default('4.99'),
    length: z.int().min(-32768).max(32767).nullable(),
    replacement_cost: decimal(5, 2).default('19.99'),
    rating: z.enum(['G', 'PG', 'PG-13', 'R', 'NC-17']).nullable().default('G'),
    last_update: now(z.iso.datetime({ precision: 6 })),
    special_features: array(z.string()).nullable(),
  },
  (c) => [
    index(c.language_id, { name: 'idx_fk_language_id' }),
    index(c.title, { name: 'idx_title' }),
    references(c.language_id, language.columns.language_id, { onUpdate: 'cascade' }),
    references(c.original_language_id, language.columns.language_id, { onUpdate: 'cascade' }),
  ],
);

export const filmActor = table(
  'film_actor',
  {
    actor_id: z.int().min(-2147483648).max(2147483647),
    film_id: z.int().min(-2147483648).max(2147483647),
    last_update: now(z.iso.datetime({ precision: 6 })),
  },
  (c) => [
    primaryKey(c.actor_id, c.film_id),
    references(c.actor_id, actor.columns.actor_id, { onUpdate: 'cascade' }),
    references(c.film_id, film.columns.film_id, { onUpdate: 'cascade' }),
  ],
);

export const filmCategory = table(
  'film_category',
  {
    film_id: z.int().min(-2147483648).max(2147483647),
    category_id: z.int().min(-2147483648).max(2147483647),
    last_update: now(z.iso.datetime({ precision: 6 })),
  },
  (c) => [
    primaryKey(c.film_id, c.category_id),
    references(c.category_id, category.columns.category_id, { onUpdate: 'cascade' }),
    references(c.film_id, film.columns.film_id, { onUpdate: 'cascade' }),
  ],
);

export const inventory = table(
  'inventory',
  {
    inventory_id: autoincrement(),
    film_id: z.int().min(-2147483648).max(2147483647),
    store_id: z.int().min(-2147483648).max(2147483647),
    last_update: now(z.iso.datetime({ precision: 6 })),
  },
  (c) => [
    index(c.store_id, c.film_id, { name: 'idx_store_id_film_id' }),
    references(c.film_id, film.columns.film_id, { onUpdate: 'cascade' }),
    references(c.store_id, store.columns.store_id, { onUpdate: 'cascade' }),
  ],
);

export const staff = table(
  'staff',
  {
    staff_id: autoincrement(),
    first_name: z.string(),
    last_name: z.string(),
    address_id: z.int().min(-2147483648).max(2147483647),
    email: z.string().nullable(),
    store_id: z.int().min(-2147483648).max(2147483647),
    active: z.boolean().default(true),
    username: z.string(),
    password: z.string().nullable(),
    last_update: now(z.iso.datetime({ precision: 6 })),
    picture: bytes().nullable(),
  },
  (c) => [
    references(c.address_id, address.columns.address_id, { onUpdate: 'cascade' }),
    references(c.store_id, store.columns.store_id, { onDelete: 'no action' }),
  ],
);

export const rental = table(
  'rental',
  {
    rental_id: autoincrement(),
    rental_date: z.iso.datetime({ precision: 6 }),
    inventory_id: z.int().min(-2147483648).max(2147483647),
    customer_id: z.int().min(-2147483648).max(2147483647),
    return_date: z.iso.datetime({ precision: 6 }).nullable(),
    staff_id: z.int().min(-2147483648).max(2147483647),
    last_update: now(z.iso.datetime({ precision: 6 })),
  },
  (c) => [
    index(c.inventory_id, { name: 'idx_fk_inventory_id' }),
    index(c.rental_date, c.inventory_id, c.customer_id, { name: 'idx_unq_rental_rental_date_inventory_id_customer_id', unique: true }),
    references(c.customer_id, customer.columns.customer_id, { onUpdate: 'cascade' }),
    references(c.inventory_id, inventory.columns.inventory_id, { onUpdate: 'cascade' }),
    references(c.staff_id, staff.columns.staff_id, { onUpdate: 'cascade' }),
  ],
);

export const pagilaKept = system('pagila_kept', {
  tables: { actor, country, city, address, category, store, customer, language, film, filmActor, filmCategory, inventory, staff, rental },
  migrations: new URL('./migrations/', import.meta.url),
});
