enum Placeholder_FarmServicesTests {}
