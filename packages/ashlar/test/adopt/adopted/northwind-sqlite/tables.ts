/// <reference types="node" />
import { autoincrement, bytes, column, primaryKey, references, system, table, timestamp } from 'ashlar';
import { z } from 'zod';

export const categories = table(
  'Categories',
  {
    categoryId: column(autoincrement(), { name: 'CategoryID' }),
    categoryName: column(z.string().nullable(), { name: 'CategoryName' }),
    description: column(z.string().nullable(), { name: 'Description' }),
    picture: column(bytes().nullable(), { name: 'Picture' }),
  },
);

export const customers = table(
  'Customers',
  {
    customerId: column(z.string(), { name: 'CustomerID' }),
    companyName: column(z.string().nullable(), { name: 'CompanyName' }),
    contactName: column(z.string().nullable(), { name: 'ContactName' }),
    contactTitle: column(z.string().nullable(), { name: 'ContactTitle' }),
    address: column(z.string().nullable(), { name: 'Address' }),
    city: column(z.string().nullable(), { name: 'City' }),
    region: column(z.string().nullable(), { name: 'Region' }),
    postalCode: column(z.string().nullable(), { name: 'PostalCode' }),
    country: column(z.string().nullable(), { name: 'Country' }),
    phone: column(z.string().nullable(), { name: 'Phone' }),
    fax: column(z.string().nullable(), { name: 'Fax' }),
  },
  (c) => [
    primaryKey(c.customerId),
  ],
);

export const customerDemographics = table(
  'CustomerDemographics',
  {
    customerTypeId: column(z.string(), { name: 'CustomerTypeID' }),
    customerDesc: column(z.string().nullable(), { name: 'CustomerDesc' }),
  },
  (c) => [
    primaryKey(c.customerTypeId),
  ],
);

export const customerCustomerDemo = table(
  'CustomerCustomerDemo',
  {
    customerId: column(z.string(), { name: 'CustomerID' }),
    customerTypeId: column(z.string(), { name: 'CustomerTypeID' }),
  },
  (c) => [
    primaryKey(c.customerId, c.customerTypeId),
    references(c.customerId, customers.columns.customerId, { onDelete: 'no action' }),
    references(c.customerTypeId, customerDemographics.columns.customerTypeId, { onDelete: 'no action' }),
  ],
);

export const employees = table(
  'Employees',
  {
    employeeId: column(autoincrement(), { name: 'EmployeeID' }),
    lastName: column(z.string().nullable(), { name: 'LastName' }),
    firstName: column(z.string().nullable(), { name: 'FirstName' }),
    title: column(z.string().nullable(), { name: 'Title' }),
    titleOfCourtesy: column(z.string().nullable(), { name: 'TitleOfCourtesy' }),
    birthDate: column(z.iso.date().nullable(), { name: 'BirthDate' }),
    hireDate: column(z.iso.date().nullable(), { name: 'HireDate' }),
    address: column(z.string().nullable(), { name: 'Address' }),
    city: column(z.string().nullable(), { name: 'City' }),
    region: column(z.string().nullable(), { name: 'Region' }),
    postalCode: column(z.string().nullable(), { name: 'PostalCode' }),
    country: column(z.string().nullable(), { name: 'Country' }),
    homePhone: column(z.string().nullable(), { name: 'HomePhone' }),
    extension: column(z.string().nullable(), { name: 'Extension' }),
    photo: column(bytes().nullable(), { name: 'Photo' }),
    notes: column(z.string().nullable(), { name: 'Notes' }),
    reportsTo: column(z.int().nullable(), { name: 'ReportsTo' }),
    photoPath: column(z.string().nullable(), { name: 'PhotoPath' }),
  },
  (c) => [
    references(c.reportsTo, () => employees.columns.employeeId, { onDelete: 'no action' }),
  ],
);

export const regions = table(
  'Regions',
  {
    regionId: column(autoincrement(), { name: 'RegionID' }),
    regionDescription: column(z.string(), { name: 'RegionDescription' }),
  },
);

export const territories = table(
  'Territories',
  {
    territoryId: column(z.string(), { name: 'TerritoryID' }),
    territoryDescription: column(z.string(), { name: 'TerritoryDescription' }),
    regionId: column(z.int(), { name: 'RegionID' }),
  },
  (c) => [
    primaryKey(c.territoryId),
    references(c.regionId, regions.columns.regionId, { onDelete: 'no action' }),
  ],
);

export const employeeTerritories = table(
  'EmployeeTerritories',
  {
    employeeId: column(z.int(), { name: 'EmployeeID' }),
    territoryId: column(z.string(), { name: 'TerritoryID' }),
  },
  (c) => [
    primaryKey(c.employeeId, c.territoryId),
    references(c.employeeId, employees.columns.employeeId, { onDelete: 'no action' }),
    references(c.territoryId, territories.columns.territoryId, { onDelete: 'no action' }),
  ],
);

export const shippers = table(
  'Shippers',
  {
    shipperId: column(autoincrement(), { name: 'ShipperID' }),
    companyName: column(z.string(), { name: 'CompanyName' }),
    phone: column(z.string().nullable(), { name: 'Phone' }),
  },
);

export const orders = table(
  'Orders',
  {
    orderId: column(autoincrement(), { name: 'OrderID' }),
    customerId: column(z.string().nullable(), { name: 'CustomerID' }),
    employeeId: column(z.int().nullable(), { name: 'EmployeeID' }),
    orderDate: column(z.iso.date().nullable(), { name: 'OrderDate' }),
    requiredDate: column(timestamp().nullable(), { name: 'RequiredDate' }),
    shippedDate: column(timestamp().nullable(), { name: 'ShippedDate' }),
    shipVia: column(z.int().nullable(), { name: 'ShipVia' }),
    freight: column(z.number().nullable().default(0), { name: 'Freight' }),
    shipName: column(z.string().nullable(), { name: 'ShipName' }),
    shipAddress: column(z.string().nullable(), { name: 'ShipAddress' }),
    shipCity: column(z.string().nullable(), { name: 'ShipCity' }),
    shipRegion: column(z.string().nullable(), { name: 'ShipRegion' }),
    shipPostalCode: column(z.string().nullable(), { name: 'ShipPostalCode' }),
    shipCountry: column(z.string().nullable(), { name: 'ShipCountry' }),
  },
  (c) => [
    references(c.employeeId, employees.columns.employeeId, { onDelete: 'no action' }),
    references(c.customerId, customers.columns.customerId, { onDelete: 'no action' }),
    references(c.shipVia, shippers.columns.shipperId, { onDelete: 'no action' }),
  ],
);

export const suppliers = table(
  'Suppliers',
  {
    supplierId: column(autoincrement(), { name: 'SupplierID' }),
    companyName: column(z.string(), { name: 'CompanyName' }),
    contactName: column(z.string().nullable(), { name: 'ContactName' }),
    contactTitle: column(z.string().nullable(), { name: 'ContactTitle' }),
    address: column(z.string().nullable(), { name: 'Address' }),
    city: column(z.string().nullable(), { name: 'City' }),
    region: column(z.string().nullable(), { name: 'Region' }),
    postalCode: column(z.string().nullable(), { name: 'PostalCode' }),
    country: column(z.string().nullable(), { name: 'Country' }),
    phone: column(z.string().nullable(), { name: 'Phone' }),
    fax: column(z.string().nullable(), { name: 'Fax' }),
    homePage: column(z.string().nullable(), { name: 'HomePage' }),
  },
);

export const products = table(
  'Products',
  {
    productId: column(autoincrement(), { name: 'ProductID' }),
    productName: column(z.string(), { name: 'ProductName' }),
    supplierId: column(z.int().nullable(), { name: 'SupplierID' }),
    categoryId: column(z.int().nullable(), { name: 'CategoryID' }),
    quantityPerUnit: column(z.string().nullable(), { name: 'QuantityPerUnit' }),
    unitPrice: column(z.number().nullable().default(0), { name: 'UnitPrice' }),
    unitsInStock: column(z.int().nullable().default(0), { name: 'UnitsInStock' }),
    unitsOnOrder: column(z.int().nullable().default(0), { name: 'UnitsOnOrder' }),
    reorderLevel: column(z.int().nullable().default(0), { name: 'ReorderLevel' }),
    discontinued: column(z.string().default('0'), { name: 'Discontinued' }),
  },
  (c) => [
    references(c.categoryId, categories.columns.categoryId, { onDelete: 'no action' }),
    references(c.supplierId, suppliers.columns.supplierId, { onDelete: 'no action' }),
  ],
);

export const northwind = system('northwind', {
  tables: { categories, customers, customerDemographics, customerCustomerDemo, employees, regions, territories, employeeTerritories, shippers, orders, suppliers, products },
  migrations: new URL('./migrations/', import.meta.url),
});
