-- undoes 0001_baseline

DROP TABLE us_states;

DROP TABLE order_details;

DROP TABLE products;

DROP TABLE suppliers;

DROP TABLE orders;

DROP TABLE shippers;

DROP TABLE employee_territories;

DROP TABLE territories;

DROP TABLE region;

DROP TABLE employees;

DROP TABLE customer_customer_demo;

DROP TABLE customers;

DROP TABLE customer_demographics;

DROP TABLE categories;
