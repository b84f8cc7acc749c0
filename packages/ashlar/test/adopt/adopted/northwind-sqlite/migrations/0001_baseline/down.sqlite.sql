-- ashlar: rebuild
-- undoes 0001_baseline

DROP VIEW "Order Subtotals";

DROP VIEW "Current Product List";

DROP VIEW "Alphabetical list of products";

DROP TABLE "Order Details";

DROP TABLE "Products";

DROP TABLE "Suppliers";

DROP TABLE "Orders";

DROP TABLE "Shippers";

DROP TABLE "EmployeeTerritories";

DROP TABLE "Territories";

DROP TABLE "Regions";

DROP TABLE "Employees";

DROP TABLE "CustomerCustomerDemo";

DROP TABLE "CustomerDemographics";

DROP TABLE "Customers";

DROP TABLE "Categories";
