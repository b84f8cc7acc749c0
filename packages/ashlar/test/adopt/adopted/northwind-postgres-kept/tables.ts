/// <reference types="node" />
import { bytes, primaryKey, references, system, table } from 'ashlar';
import { z } from 'zod';

export const categories = table(
  'categories',
  {
    category_id: z.int().min(-32768).max(32767),
    category_name: z.string().max(15),
    description: z.string().nullable(),
    picture: bytes().nullable(),
  },
  (c) => [
    primaryKey(c.category_id),
  ],
);

export const customerDemographics = table(
  'customer_demographics',
  {
    customer_type_id: z.string().max(5),
    customer_desc: z.string().nullable(),
  },
  (c) => [
    primaryKey(c.customer_type_id),
  ],
);

export const customers = table(
  'customers',
  {
    customer_id: z.string().max(5),
    company_name: z.string().max(40),
    contact_name: z.string().max(30).nullable(),
    contact_title: z.string().max(30).nullable(),
    address: z.string().max(60).nullable(),
    city: z.string().max(15).nullable(),
    region: z.string().max(15).nullable(),
    postal_code: z.string().max(10).nullable(),
    country: z.string().max(15).nullable(),
    phone: z.string().max(24).nullable(),
    fax: z.string().max(24).nullable(),
  },
  (c) => [
    primaryKey(c.customer_id),
  ],
);

export const customerCustomerDemo = table(
  'customer_customer_demo',
  {
    customer_id: z.string().max(5),
    customer_type_id: z.string().max(5),
  },
  (c) => [
    primaryKey(c.customer_id, c.customer_type_id),
    references(c.customer_type_id, customerDemographics.columns.customer_type_id, { onDelete: 'no action', name: 'fk_customer_customer_demo_customer_demographics' }),
    references(c.customer_id, customers.columns.customer_id, { onDelete: 'no action', name: 'fk_customer_customer_demo_customers' }),
  ],
);

export const employees = table(
  'employees',
  {
    employee_id: z.int().min(-32768).max(32767),
    last_name: z.string().max(20),
    first_name: z.string().max(10),
    title: z.string().max(30).nullable(),
    title_of_courtesy: z.string().max(25).nullable(),
    birth_date: z.iso.date().nullable(),
    hire_date: z.iso.date().nullable(),
    address: z.string().max(60).nullable(),
    city: z.string().max(15).nullable(),
    region: z.string().max(15).nullable(),
    postal_code: z.string().max(10).nullable(),
    country: z.string().max(15).nullable(),
    home_phone: z.string().max(24).nullable(),
    extension: z.string().max(4).nullable(),
    photo: bytes().nullable(),
    notes: z.string().nullable(),
    reports_to: z.int().min(-32768).max(32767).nullable(),
    photo_path: z.string().max(255).nullable(),
  },
  (c) => [
    primaryKey(c.employee_id),
    references(c.reports_to, () => employees.columns.employee_id, { onDelete: 'no action', name: 'fk_employees_employees' }),
  ],
);

export const region = table(
  'region',
  {
    region_id: z.int().min(-32768).max(32767),
    region_description: z.string().max(60),
  },
  (c) => [
    primaryKey(c.region_id),
  ],
);

export const territories = table(
  'territories',
  {
    territory_id: z.string().max(20),
    territory_description: z.string().max(60),
    region_id: z.int().min(-32768).max(32767),
  },
  (c) => [
    primaryKey(c.territory_id),
    references(c.region_id, region.columns.region_id, { onDelete: 'no action', name: 'fk_territories_region' }),
  ],
);

export const employeeTerritories = table(
  'employee_territories',
  {
    employee_id: z.int().min(-32768).max(32767),
    territory_id: z.string().max(20),
  },
  (c) => [
    primaryKey(c.employee_id, c.territory_id),
    references(c.employee_id, employees.columns.employee_id, { onDelete: 'no action', name: 'fk_employee_territories_employees' }),
    references(c.territory_id, territories.columns.territory_id, { onDelete: 'no action', name: 'fk_employee_territories_territories' }),
  ],
);

export const shippers = table(
  'shippers',
  {
    shipper_id: z.int().min(-32768).max(32767),
    company_name: z.string().max(40),
    phone: z.string().max(24).nullable(),
  },
  (c) => [
    primaryKey(c.shipper_id),
  ],
);

export const orders = table(
  'orders',
  {
    order_id: z.int().min(-32768).max(32767),
    customer_id: z.string().max(5).nullable(),
    employee_id: z.int().min(-32768).max(32767).nullable(),
    order_date: z.iso.date().nullable(),
    required_date: z.iso.date().nullable(),
    shipped_date: z.iso.date().nullable(),
    ship_via: z.int().min(-32768).max(32767).nullable(),
    freight: z.number().nullable(),
    ship_name: z.string().max(40).nullable(),
    ship_address: z.string().max(60).nullable(),
    ship_city: z.string().max(15).nullable(),
    ship_region: z.string().max(15).nullable(),
    ship_postal_code: z.string().max(10).nullable(),
    ship_country: z.string().max(15).nullable(),
  },
  (c) => [
    primaryKey(c.order_id),
    references(c.customer_id, customers.columns.customer_id, { onDelete: 'no action', name: 'fk_orders_customers' }),
    references(c.employee_id, employees.columns.employee_id, { onDelete: 'no action', name: 'fk_orders_employees' }),
    references(c.ship_via, shippers.columns.shipper_id, { onDelete: 'no action', name: 'fk_orders_shippers' }),
  ],
);

export const suppliers = table(
  'suppliers',
  {
    supplier_id: z.int().min(-32768).max(32767),
    company_name: z.string().max(40),
    contact_name: z.string().max(30).nullable(),
    contact_title: z.string().max(30).nullable(),
    address: z.string().max(60).nullable(),
    city: z.string().max(15).nullable(),
    region: z.string().max(15).nullable(),
    postal_code: z.string().max(10).nullable(),
    country: z.string().max(15).nullable(),
    phone: z.string().max(24).nullable(),
    fax: z.string().max(24).nullable(),
    homepage: z.string().nullable(),
  },
  (c) => [
    primaryKey(c.supplier_id),
  ],
);

export const products = table(
  'products',
  {
    product_id: z.int().min(-32768).max(32767),
    product_name: z.string().max(40),
    supplier_id: z.int().min(-32768).max(32767).nullable(),
    category_id: z.int().min(-32768).max(32767).nullable(),
    quantity_per_unit: z.string().max(20).nullable(),
    unit_price: z.number().nullable(),
    units_in_stock: z.int().min(-32768).max(32767).nullable(),
    units_on_order: z.int().min(-32768).max(32767).nullable(),
    reorder_level: z.int().min(-32768).max(32767).nullable(),
    discontinued: z.int().min(-2147483648).max(2147483647),
  },
  (c) => [
    primaryKey(c.product_id),
    references(c.category_id, categories.columns.category_id, { onDelete: 'no action', name: 'fk_products_categories' }),
    references(c.supplier_id, suppliers.columns.supplier_id, { onDelete: 'no action', name: 'fk_products_suppliers' }),
  ],
);

export const orderDetails = table(
  'order_details',
  {
    order_id: z.int().min(-32768).max(32767),
    product_id: z.int().min(-32768).max(32767),
    unit_price: z.number(),
    quantity: z.int().min(-32768).max(32767),
    discount: z.number(),
  },
  (c) => [
    primaryKey(c.order_id, c.product_id),
    references(c.order_id, orders.columns.order_id, { onDelete: 'no action', name: 'fk_order_details_orders' }),
    references(c.product_id, products.columns.product_id, { onDelete: 'no action', name: 'fk_order_details_products' }),
  ],
);

export const usStates = table(
  'us_states',
  {
    state_id: z.int().min(-32768).max(32767),
    state_name: z.string().max(100).nullable(),
    state_abbr: z.string().max(2).nullable(),
    state_region: z.string().max(50).nullable(),
  },
  (c) => [
    primaryKey(c.state_id),
  ],
);

export const northwindKept = system('northwind_kept', {
  tables: { categories, customerDemographics, customers, customerCustomerDemo, employees, region, territories, employeeTerritories, shippers, orders, suppliers, products, orderDetails, usStates },
  migrations: new URL('./migrations/', import.meta.url),
});
