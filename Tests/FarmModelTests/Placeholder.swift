enum Placeholder_FarmModelTests {}
