-- 0001_baseline
-- Categories: create table
-- Customers: create table
-- CustomerDemographics: create table
-- CustomerCustomerDemo: create table
-- Employees: create table
-- Regions: create table
-- Territories: create table
-- EmployeeTerritories: create table
-- Shippers: create table
-- Orders: create table
-- Suppliers: create table
-- Products: create table
-- Order Details: create table
-- create view Alphabetical list of products
-- create view Current Product List
-- create view Order Subtotals
-- ashlar: makes table "Categories", column "Categories"."CategoryID", column "Categories"."CategoryName"
-- ashlar: makes column "Categories"."Description", column "Categories"."Picture", table "Customers"
-- ashlar: makes column "Customers"."CustomerID", column "Customers"."CompanyName"
-- ashlar: makes column "Customers"."ContactName", column "Customers"."ContactTitle"
-- ashlar: makes column "Customers"."Address", column "Customers"."City", column "Customers"."Region"
-- ashlar: makes column "Customers"."PostalCode", column "Customers"."Country", column "Customers"."Phone"
-- ashlar: makes column "Customers"."Fax", constraint "Customers"."PRIMARY KEY (""CustomerID"")"
-- ashlar: makes table "CustomerDemographics", column "CustomerDemographics"."CustomerTypeID"
-- ashlar: makes column "CustomerDemographics"."CustomerDesc"
-- ashlar: makes constraint "CustomerDemographics"."PRIMARY KEY (""CustomerTypeID"")"
-- ashlar: makes table "CustomerCustomerDemo", column "CustomerCustomerDemo"."CustomerID"
-- ashlar: makes column "CustomerCustomerDemo"."CustomerTypeID"
-- ashlar: makes constraint "CustomerCustomerDemo"."PRIMARY KEY (""CustomerID"", ""CustomerTypeID"")"
-- ashlar: makes constraint "CustomerCustomerDemo"."FOREIGN KEY (""CustomerID"") REFERENCES ""Customers"" (""CustomerID"") ON DELETE NO ACTION ON UPDATE NO ACTION"
-- ashlar: makes constraint "CustomerCustomerDemo"."FOREIGN KEY (""CustomerTypeID"") REFERENCES ""CustomerDemographics"" (""CustomerTypeID"") ON DELETE NO ACTION ON UPDATE NO ACTION"
-- ashlar: makes table "Employees", column "Employees"."EmployeeID", column "Employees"."LastName"
-- ashlar: makes column "Employees"."FirstName", column "Employees"."Title"
-- ashlar: makes column "Employees"."TitleOfCourtesy", column "Employees"."BirthDate"
-- ashlar: makes column "Employees"."HireDate", column "Employees"."Address", column "Employees"."City"
-- ashlar: makes column "Employees"."Region", column "Employees"."PostalCode", column "Employees"."Country"
-- ashlar: makes column "Employees"."HomePhone", column "Employees"."Extension", column "Employees"."Photo"
-- ashlar: makes column "Employees"."Notes", column "Employees"."ReportsTo", column "Employees"."PhotoPath"
-- ashlar: makes constraint "Employees"."FOREIGN KEY (""ReportsTo"") REFERENCES ""Employees"" (""EmployeeID"") ON DELETE NO ACTION ON UPDATE NO ACTION"
-- ashlar: makes table "Regions", column "Regions"."RegionID", column "Regions"."RegionDescription"
-- ashlar: makes table "Territories", column "Territories"."TerritoryID"
-- ashlar: makes column "Territories"."TerritoryDescription", column "Territories"."RegionID"
-- ashlar: makes constraint "Territories"."PRIMARY KEY (""TerritoryID"")"
-- ashlar: makes constraint "Territories"."FOREIGN KEY (""RegionID"") REFERENCES ""Regions"" (""RegionID"") ON DELETE NO ACTION ON UPDATE NO ACTION"
-- ashlar: makes table "EmployeeTerritories", column "EmployeeTerritories"."EmployeeID"
-- ashlar: makes column "EmployeeTerritories"."TerritoryID"
-- ashlar: makes constraint "EmployeeTerritories"."PRIMARY KEY (""EmployeeID"", ""TerritoryID"")"
-- ashlar: makes constraint "EmployeeTerritories"."FOREIGN KEY (""EmployeeID"") REFERENCES ""Employees"" (""EmployeeID"") ON DELETE NO ACTION ON UPDATE NO ACTION"
-- ashlar: makes constraint "EmployeeTerritories"."FOREIGN KEY (""TerritoryID"") REFERENCES ""Territories"" (""TerritoryID"") ON DELETE NO ACTION ON UPDATE NO ACTION"
-- ashlar: makes table "Shippers", column "Shippers"."ShipperID", column "Shippers"."CompanyName"
-- ashlar: makes column "Shippers"."Phone", table "Orders", column "Orders"."OrderID"
-- ashlar: makes column "Orders"."CustomerID", column "Orders"."EmployeeID", column "Orders"."OrderDate"
-- ashlar: makes column "Orders"."RequiredDate", column "Orders"."ShippedDate", column "Orders"."ShipVia"
-- ashlar: makes column "Orders"."Freight", column "Orders"."ShipName", column "Orders"."ShipAddress"
-- ashlar: makes column "Orders"."ShipCity", column "Orders"."ShipRegion", column "Orders"."ShipPostalCode"
-- ashlar: makes column "Orders"."ShipCountry"
-- ashlar: makes constraint "Orders"."FOREIGN KEY (""EmployeeID"") REFERENCES ""Employees"" (""EmployeeID"") ON DELETE NO ACTION ON UPDATE NO ACTION"
-- ashlar: makes constraint "Orders"."FOREIGN KEY (""CustomerID"") REFERENCES ""Customers"" (""CustomerID"") ON DELETE NO ACTION ON UPDATE NO ACTION"
-- ashlar: makes constraint "Orders"."FOREIGN KEY (""ShipVia"") REFERENCES ""Shippers"" (""ShipperID"") ON DELETE NO ACTION ON UPDATE NO ACTION"
-- ashlar: makes table "Suppliers", column "Suppliers"."SupplierID", column "Suppliers"."CompanyName"
-- ashlar: makes column "Suppliers"."ContactName", column "Suppliers"."ContactTitle"
-- ashlar: makes column "Suppliers"."Address", column "Suppliers"."City", column "Suppliers"."Region"
-- ashlar: makes column "Suppliers"."PostalCode", column "Suppliers"."Country", column "Suppliers"."Phone"
-- ashlar: makes column "Suppliers"."Fax", column "Suppliers"."HomePage", table "Products"
-- ashlar: makes column "Products"."ProductID", column "Products"."ProductName"
-- ashlar: makes column "Products"."SupplierID", column "Products"."CategoryID"
-- ashlar: makes column "Products"."QuantityPerUnit", column "Products"."UnitPrice"
-- ashlar: makes column "Products"."UnitsInStock", column "Products"."UnitsOnOrder"
-- ashlar: makes column "Products"."ReorderLevel", column "Products"."Discontinued"
-- ashlar: makes constraint "Products"."FOREIGN KEY (""CategoryID"") REFERENCES ""Categories"" (""CategoryID"") ON DELETE NO ACTION ON UPDATE NO ACTION"
-- ashlar: makes constraint "Products"."FOREIGN KEY (""SupplierID"") REFERENCES ""Suppliers"" (""SupplierID"") ON DELETE NO ACTION ON UPDATE NO ACTION"

CREATE TABLE "Categories" (
  "CategoryID"   INTEGER PRIMARY KEY AUTOINCREMENT,
  "CategoryName" TEXT,
  "Description"  TEXT,
  "Picture"      BLOB
);

CREATE TABLE "Customers" (
  "CustomerID"   TEXT,
  "CompanyName"  TEXT,
  "ContactName"  TEXT,
  "ContactTitle" TEXT,
  "Address"      TEXT,
  "City"         TEXT,
  "Region"       TEXT,
  "PostalCode"   TEXT,
  "Country"      TEXT,
  "Phone"        TEXT,
  "Fax"          TEXT,
  PRIMARY KEY ("CustomerID")
);

CREATE TABLE "CustomerDemographics" (
  "CustomerTypeID" TEXT NOT NULL,
  "CustomerDesc"   TEXT,
  PRIMARY KEY ("CustomerTypeID")
);

CREATE TABLE "CustomerCustomerDemo" (
  "CustomerID"     TEXT NOT NULL,
  "CustomerTypeID" TEXT NOT NULL,
  PRIMARY KEY ("CustomerID", "CustomerTypeID"),
  FOREIGN KEY ("CustomerID") REFERENCES "Customers" ("CustomerID") ON DELETE NO ACTION ON UPDATE NO ACTION,
  FOREIGN KEY ("CustomerTypeID") REFERENCES "CustomerDemographics" ("CustomerTypeID") ON DELETE NO ACTION ON UPDATE NO ACTION
);

CREATE TABLE "Employees" (
  "EmployeeID"      INTEGER PRIMARY KEY AUTOINCREMENT,
  "LastName"        TEXT,
  "FirstName"       TEXT,
  "Title"           TEXT,
  "TitleOfCourtesy" TEXT,
  "BirthDate"       DATE,
  "HireDate"        DATE,
  "Address"         TEXT,
  "City"            TEXT,
  "Region"          TEXT,
  "PostalCode"      TEXT,
  "Country"         TEXT,
  "HomePhone"       TEXT,
  "Extension"       TEXT,
  "Photo"           BLOB,
  "Notes"           TEXT,
  "ReportsTo"       INTEGER,
  "PhotoPath"       TEXT,
  FOREIGN KEY ("ReportsTo") REFERENCES "Employees" ("EmployeeID") ON DELETE NO ACTION ON UPDATE NO ACTION
);

CREATE TABLE "Regions" (
  "RegionID"          INTEGER PRIMARY KEY NOT NULL,
  "RegionDescription" TEXT    NOT NULL
);

CREATE TABLE "Territories" (
  "TerritoryID"          TEXT    NOT NULL,
  "TerritoryDescription" TEXT    NOT NULL,
  "RegionID"             INTEGER NOT NULL,
  PRIMARY KEY ("TerritoryID"),
  FOREIGN KEY ("RegionID") REFERENCES "Regions" ("RegionID") ON DELETE NO ACTION ON UPDATE NO ACTION
);

CREATE TABLE "EmployeeTerritories" (
  "EmployeeID"  INTEGER NOT NULL,
  "TerritoryID" TEXT    NOT NULL,
  PRIMARY KEY ("EmployeeID", "TerritoryID"),
  FOREIGN KEY ("EmployeeID") REFERENCES "Employees" ("EmployeeID") ON DELETE NO ACTION ON UPDATE NO ACTION,
  FOREIGN KEY ("TerritoryID") REFERENCES "Territories" ("TerritoryID") ON DELETE NO ACTION ON UPDATE NO ACTION
);

CREATE TABLE "Shippers" (
  "ShipperID"   INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  "CompanyName" TEXT    NOT NULL,
  "Phone"       TEXT
);

CREATE TABLE "Orders" (
  "OrderID"        INTEGER  PRIMARY KEY AUTOINCREMENT NOT NULL,
  "CustomerID"     TEXT,
  "EmployeeID"     INTEGER,
  "OrderDate"      DATETIME,
  "RequiredDate"   DATETIME,
  "ShippedDate"    DATETIME,
  "ShipVia"        INTEGER,
  "Freight"        NUMERIC  DEFAULT 0,
  "ShipName"       TEXT,
  "ShipAddress"    TEXT,
  "ShipCity"       TEXT,
  "ShipRegion"     TEXT,
  "ShipPostalCode" TEXT,
  "ShipCountry"    TEXT,
  FOREIGN KEY ("EmployeeID") REFERENCES "Employees" ("EmployeeID") ON DELETE NO ACTION ON UPDATE NO ACTION,
  FOREIGN KEY ("CustomerID") REFERENCES "Customers" ("CustomerID") ON DELETE NO ACTION ON UPDATE NO ACTION,
  FOREIGN KEY ("ShipVia") REFERENCES "Shippers" ("ShipperID") ON DELETE NO ACTION ON UPDATE NO ACTION
);

CREATE TABLE "Suppliers" (
  "SupplierID"   INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  "CompanyName"  TEXT    NOT NULL,
  "ContactName"  TEXT,
  "ContactTitle" TEXT,
  "Address"      TEXT,
  "City"         TEXT,
  "Region"       TEXT,
  "PostalCode"   TEXT,
  "Country"      TEXT,
  "Phone"        TEXT,
  "Fax"          TEXT,
  "HomePage"     TEXT
);

CREATE TABLE "Products" (
  "ProductID"       INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  "ProductName"     TEXT    NOT NULL,
  "SupplierID"      INTEGER,
  "CategoryID"      INTEGER,
  "QuantityPerUnit" TEXT,
  "UnitPrice"       NUMERIC DEFAULT 0,
  "UnitsInStock"    INTEGER DEFAULT 0,
  "UnitsOnOrder"    INTEGER DEFAULT 0,
  "ReorderLevel"    INTEGER DEFAULT 0,
  "Discontinued"    TEXT    NOT NULL DEFAULT '0',
  CHECK ("UnitPrice">=(0)),
  CHECK ("ReorderLevel">=(0)),
  CHECK ("UnitsInStock">=(0)),
  CHECK ("UnitsOnOrder">=(0)),
  FOREIGN KEY ("CategoryID") REFERENCES "Categories" ("CategoryID") ON DELETE NO ACTION ON UPDATE NO ACTION,
  FOREIGN KEY ("SupplierID") REFERENCES "Suppliers" ("SupplierID") ON DELETE NO ACTION ON UPDATE NO ACTION
);

CREATE TABLE "Order Details" (
  "OrderID"   INTEGER NOT NULL,
  "ProductID" INTEGER NOT NULL,
  "UnitPrice" NUMERIC NOT NULL DEFAULT 0,
  "Quantity"  INTEGER NOT NULL DEFAULT 1,
  "Discount"  REAL    NOT NULL DEFAULT 0,
  PRIMARY KEY ("OrderID", "ProductID"),
  CHECK ("Discount">=(0) AND "Discount"<=(1)),
  CHECK ("Quantity">(0)),
  CHECK ("UnitPrice">=(0)),
  FOREIGN KEY ("OrderID") REFERENCES "Orders" ("OrderID") ON DELETE NO ACTION ON UPDATE NO ACTION,
  FOREIGN KEY ("ProductID") REFERENCES "Products" ("ProductID") ON DELETE NO ACTION ON UPDATE NO ACTION
);

CREATE VIEW [Alphabetical list of products] AS SELECT Products.*, Categories.CategoryName FROM Categories INNER JOIN Products ON Categories.CategoryID = Products.CategoryID WHERE (((Products.Discontinued)=0));

CREATE VIEW [Current Product List] AS SELECT ProductID, ProductName FROM Products WHERE Discontinued=0;

CREATE VIEW [Order Subtotals] AS SELECT [Order Details].OrderID, Sum(([Order Details].UnitPrice*Quantity*(1-Discount)/100)*100) AS Subtotal FROM [Order Details] GROUP BY [Order Details].OrderID;
