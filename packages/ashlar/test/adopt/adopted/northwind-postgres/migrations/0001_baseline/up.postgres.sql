-- 0001_baseline
-- categories: create table
-- customer_demographics: create table
-- customers: create table
-- customer_customer_demo: create table
-- employees: create table
-- region: create table
-- territories: create table
-- employee_territories: create table
-- shippers: create table
-- orders: create table
-- suppliers: create table
-- products: create table
-- order_details: create table
-- us_states: create table
-- ashlar: makes table categories, column categories.category_id, column categories.category_name
-- ashlar: makes column categories.description, column categories.picture, constraint categories.pk_categories
-- ashlar: makes table customer_demographics, column customer_demographics.customer_type_id
-- ashlar: makes column customer_demographics.customer_desc
-- ashlar: makes constraint customer_demographics.pk_customer_demographics, table customers
-- ashlar: makes column customers.customer_id, column customers.company_name, column customers.contact_name
-- ashlar: makes column customers.contact_title, column customers.address, column customers.city
-- ashlar: makes column customers.region, column customers.postal_code, column customers.country
-- ashlar: makes column customers.phone, column customers.fax, constraint customers.pk_customers
-- ashlar: makes table customer_customer_demo, column customer_customer_demo.customer_id
-- ashlar: makes column customer_customer_demo.customer_type_id
-- ashlar: makes constraint customer_customer_demo.pk_customer_customer_demo
-- ashlar: makes constraint customer_customer_demo.fk_customer_customer_demo_customer_demographics
-- ashlar: makes constraint customer_customer_demo.fk_customer_customer_demo_customers, table employees
-- ashlar: makes column employees.employee_id, column employees.last_name, column employees.first_name
-- ashlar: makes column employees.title, column employees.title_of_courtesy, column employees.birth_date
-- ashlar: makes column employees.hire_date, column employees.address, column employees.city
-- ashlar: makes column employees.region, column employees.postal_code, column employees.country
-- ashlar: makes column employees.home_phone, column employees.extension, column employees.photo
-- ashlar: makes column employees.notes, column employees.reports_to, column employees.photo_path
-- ashlar: makes constraint employees.pk_employees, constraint employees.fk_employees_employees, table region
-- ashlar: makes column region.region_id, column region.region_description, constraint region.pk_region
-- ashlar: makes table territories, column territories.territory_id, column territories.territory_description
-- ashlar: makes column territories.region_id, constraint territories.pk_territories
-- ashlar: makes constraint territories.fk_territories_region, table employee_territories
-- ashlar: makes column employee_territories.employee_id, column employee_territories.territory_id
-- ashlar: makes constraint employee_territories.pk_employee_territories
-- ashlar: makes constraint employee_territories.fk_employee_territories_employees
-- ashlar: makes constraint employee_territories.fk_employee_territories_territories, table shippers
-- ashlar: makes column shippers.shipper_id, column shippers.company_name, column shippers.phone
-- ashlar: makes constraint shippers.pk_shippers, table orders, column orders.order_id
-- ashlar: makes column orders.customer_id, column orders.employee_id, column orders.order_date
-- ashlar: makes column orders.required_date, column orders.shipped_date, column orders.ship_via
-- ashlar: makes column orders.freight, column orders.ship_name, column orders.ship_address
-- ashlar: makes column orders.ship_city, column orders.ship_region, column orders.ship_postal_code
-- ashlar: makes column orders.ship_country, constraint orders.pk_orders
-- ashlar: makes constraint orders.fk_orders_customers, constraint orders.fk_orders_employees
-- ashlar: makes constraint orders.fk_orders_shippers, table suppliers, column suppliers.supplier_id
-- ashlar: makes column suppliers.company_name, column suppliers.contact_name, column suppliers.contact_title
-- ashlar: makes column suppliers.address, column suppliers.city, column suppliers.region
-- ashlar: makes column suppliers.postal_code, column suppliers.country, column suppliers.phone
-- ashlar: makes column suppliers.fax, column suppliers.homepage, constraint suppliers.pk_suppliers
-- ashlar: makes table products, column products.product_id, column products.product_name
-- ashlar: makes column products.supplier_id, column products.category_id, column products.quantity_per_unit
-- ashlar: makes column products.unit_price, column products.units_in_stock, column products.units_on_order
-- ashlar: makes column products.reorder_level, column products.discontinued, constraint products.pk_products
-- ashlar: makes constraint products.fk_products_categories, constraint products.fk_products_suppliers
-- ashlar: makes table order_details, column order_details.order_id, column order_details.product_id
-- ashlar: makes column order_details.unit_price, column order_details.quantity, column order_details.discount
-- ashlar: makes constraint order_details.pk_order_details, constraint order_details.fk_order_details_orders
-- ashlar: makes constraint order_details.fk_order_details_products, table us_states
-- ashlar: makes column us_states.state_id, column us_states.state_name, column us_states.state_abbr
-- ashlar: makes column us_states.state_region, constraint us_states.pk_usstates

CREATE TABLE categories (
  category_id smallint NOT NULL,
  category_name character varying(15) NOT NULL,
  description text,
  picture bytea,
  CONSTRAINT pk_categories PRIMARY KEY (category_id)
);

CREATE TABLE customer_demographics (
  customer_type_id character varying(5) NOT NULL,
  customer_desc text,
  CONSTRAINT pk_customer_demographics PRIMARY KEY (customer_type_id)
);

CREATE TABLE customers (
  customer_id character varying(5) NOT NULL,
  company_name character varying(40) NOT NULL,
  contact_name character varying(30),
  contact_title character varying(30),
  address character varying(60),
  city character varying(15),
  region character varying(15),
  postal_code character varying(10),
  country character varying(15),
  phone character varying(24),
  fax character varying(24),
  CONSTRAINT pk_customers PRIMARY KEY (customer_id)
);

CREATE TABLE customer_customer_demo (
  customer_id character varying(5) NOT NULL,
  customer_type_id character varying(5) NOT NULL,
  CONSTRAINT pk_customer_customer_demo PRIMARY KEY (customer_id, customer_type_id),
  CONSTRAINT fk_customer_customer_demo_customer_demographics FOREIGN KEY (customer_type_id) REFERENCES customer_demographics(customer_type_id),
  CONSTRAINT fk_customer_customer_demo_customers FOREIGN KEY (customer_id) REFERENCES customers(customer_id)
);

CREATE TABLE employees (
  employee_id smallint NOT NULL,
  last_name character varying(20) NOT NULL,
  first_name character varying(10) NOT NULL,
  title character varying(30),
  title_of_courtesy character varying(25),
  birth_date date,
  hire_date date,
  address character varying(60),
  city character varying(15),
  region character varying(15),
  postal_code character varying(10),
  country character varying(15),
  home_phone character varying(24),
  extension character varying(4),
  photo bytea,
  notes text,
  reports_to smallint,
  photo_path character varying(255),
  CONSTRAINT pk_employees PRIMARY KEY (employee_id),
  CONSTRAINT fk_employees_employees FOREIGN KEY (reports_to) REFERENCES employees(employee_id)
);

CREATE TABLE region (
  region_id smallint NOT NULL,
  region_description character varying(60) NOT NULL,
  CONSTRAINT pk_region PRIMARY KEY (region_id)
);

CREATE TABLE territories (
  territory_id character varying(20) NOT NULL,
  territory_description character varying(60) NOT NULL,
  region_id smallint NOT NULL,
  CONSTRAINT pk_territories PRIMARY KEY (territory_id),
  CONSTRAINT fk_territories_region FOREIGN KEY (region_id) REFERENCES region(region_id)
);

CREATE TABLE employee_territories (
  employee_id smallint NOT NULL,
  territory_id character varying(20) NOT NULL,
  CONSTRAINT pk_employee_territories PRIMARY KEY (employee_id, territory_id),
  CONSTRAINT fk_employee_territories_employees FOREIGN KEY (employee_id) REFERENCES employees(employee_id),
  CONSTRAINT fk_employee_territories_territories FOREIGN KEY (territory_id) REFERENCES territories(territory_id)
);

CREATE TABLE shippers (
  shipper_id smallint NOT NULL,
  company_name character varying(40) NOT NULL,
  phone character varying(24),
  CONSTRAINT pk_shippers PRIMARY KEY (shipper_id)
);

CREATE TABLE orders (
  order_id smallint NOT NULL,
  customer_id character varying(5),
  employee_id smallint,
  order_date date,
  required_date date,
  shipped_date date,
  ship_via smallint,
  freight real,
  ship_name character varying(40),
  ship_address character varying(60),
  ship_city character varying(15),
  ship_region character varying(15),
  ship_postal_code character varying(10),
  ship_country character varying(15),
  CONSTRAINT pk_orders PRIMARY KEY (order_id),
  CONSTRAINT fk_orders_customers FOREIGN KEY (customer_id) REFERENCES customers(customer_id),
  CONSTRAINT fk_orders_employees FOREIGN KEY (employee_id) REFERENCES employees(employee_id),
  CONSTRAINT fk_orders_shippers FOREIGN KEY (ship_via) REFERENCES shippers(shipper_id)
);

CREATE TABLE suppliers (
  supplier_id smallint NOT NULL,
  company_name character varying(40) NOT NULL,
  contact_name character varying(30),
  contact_title character varying(30),
  address character varying(60),
  city character varying(15),
  region character varying(15),
  postal_code character varying(10),
  country character varying(15),
  phone character varying(24),
  fax character varying(24),
  homepage text,
  CONSTRAINT pk_suppliers PRIMARY KEY (supplier_id)
);

CREATE TABLE products (
  product_id smallint NOT NULL,
  product_name character varying(40) NOT NULL,
  supplier_id smallint,
  category_id smallint,
  quantity_per_unit character varying(20),
  unit_price real,
  units_in_stock smallint,
  units_on_order smallint,
  reorder_level smallint,
  discontinued integer NOT NULL,
  CONSTRAINT pk_products PRIMARY KEY (product_id),
  CONSTRAINT fk_products_categories FOREIGN KEY (category_id) REFERENCES categories(category_id),
  CONSTRAINT fk_products_suppliers FOREIGN KEY (supplier_id) REFERENCES suppliers(supplier_id)
);

CREATE TABLE order_details (
  order_id smallint NOT NULL,
  product_id smallint NOT NULL,
  unit_price real NOT NULL,
  quantity smallint NOT NULL,
  discount real NOT NULL,
  CONSTRAINT pk_order_details PRIMARY KEY (order_id, product_id),
  CONSTRAINT fk_order_details_orders FOREIGN KEY (order_id) REFERENCES orders(order_id),
  CONSTRAINT fk_order_details_products FOREIGN KEY (product_id) REFERENCES products(product_id)
);

CREATE TABLE us_states (
  state_id smallint NOT NULL,
  state_name character varying(100),
  state_abbr character varying(2),
  state_region character varying(50),
  CONSTRAINT pk_usstates PRIMARY KEY (state_id)
);
