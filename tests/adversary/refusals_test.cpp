// If the store refuses a record for a reason of its own, that is not the record's fault. Dead
// letters always fit into their topic.

#include "postgres_sink_fixture.h"

namespace steamflow::test {
namespace {

class Refusals : public PostgresSinkTest {
 protected:
  // Runs the sink, expects that it moves nothing and writes no dead letter, and returns the
  // message.
  std::string Refused(int exit_code) {
    const std::string before = Value(R"(SELECT sum("offset") FROM sink_offsets)");
    const std::string rows = Rows("records");
    std::string message = Fail(exit_code, {"--topic", "t"});
    EXPECT_EQ(Value(R"(SELECT sum("offset") FROM sink_offsets)"), before);
    EXPECT_EQ(Rows("records"), rows);
    EXPECT_EQ(Letters().size(), 0u);
    return message;
  }
  void Has(const std::string& message, const std::string& part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
};

TEST_F(Refusals, ADetachedPartitionIsNamed) {
  WriteMany("t", 10);
  Drain({"--topic", "t"});
  database_.Execute("ALTER TABLE records DETACH PARTITION records_2026_11");
  WriteMany("t", 10, 10);
  Has(Refused(78), "records_2026_11");
  database_.Execute(
      "ALTER TABLE records ATTACH PARTITION records_2026_11 FOR VALUES IN ('2026-11-01')");
  EXPECT_EQ(Sink(Drain({"--topic", "t"})), Counts(10, 0, 0));
}

TEST_F(Refusals, ConstraintsTriggersAndKeysOfOthersAreNamed) {
  WriteMany("t", 10);
  Drain({"--topic", "t"});
  WriteMany("t", 10, 10);
  database_.Execute("ALTER TABLE records ADD CONSTRAINT few CHECK ((value->>'n')::int <> 13)");
  Has(Refused(78), "few");
  database_.Execute("ALTER TABLE records DROP CONSTRAINT few");
  database_.Execute(
      "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF new.key = '13' "
      "THEN RAISE 'no 13'; END IF; RETURN new; END $$");
  database_.Execute(
      "CREATE TRIGGER t BEFORE INSERT ON records FOR EACH ROW EXECUTE FUNCTION refuse()");
  const std::string message = Refused(78);
  Has(message, "no 13");
  Has(message, "refuse()");
  database_.Execute("DROP TRIGGER t ON records");
  database_.Execute("CREATE UNIQUE INDEX mine ON records_2026_11 (((value->>'n')::int % 11))");
  Has(Refused(78), "mine");
  database_.Execute("DROP INDEX mine");
  EXPECT_EQ(Sink(Drain({"--topic", "t"})), Counts(10, 0, 0));
}

// Whichever table has the trigger, its rows count neither as duplicates nor as stored.
TEST_F(Refusals, RowsThatATriggerDropsAreNoDuplicates) {
  const auto with_trigger = [&](const std::string& table, const std::string& event) {
    database_.Execute("CREATE TRIGGER t BEFORE " + event + " ON " + table +
                      " FOR EACH ROW EXECUTE FUNCTION drop_row()");
    Has(Refused(78), table);
    database_.Execute("DROP TRIGGER t ON " + table);
  };
  WriteMany("t", 10);
  Drain({"--topic", "t"});
  WriteMany("t", 10, 10);
  database_.Execute(
      "CREATE FUNCTION drop_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
  with_trigger("records", "INSERT");
  with_trigger("sink_offsets", "UPDATE");
  EXPECT_EQ(Sink(Drain({"--topic", "t"})), Counts(10, 0, 0));
  WriteMany("new", 5);
  database_.Execute(
      "CREATE TRIGGER t BEFORE INSERT ON sink_offsets FOR EACH ROW EXECUTE FUNCTION drop_row()");
  Has(Fail(78, {"--topic", "new"}), "sink_offsets");
}

TEST_F(Refusals, RightsAndEncodings) {
  const std::string role = database_.name();
  WriteMany("t", 10);
  Drain({"--topic", "t"});
  WriteMany("t", 10, 10);
  database_.Execute("CREATE ROLE \"" + role + "\" LOGIN PASSWORD 's3cret'");
  database_.Execute("GRANT USAGE ON SCHEMA steamflow TO \"" + role + "\"");
  database_.Execute("GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA steamflow TO \"" + role +
                    "\"; REVOKE INSERT ON records FROM \"" + role + "\"");
  environment_ = Environment(database_.Uri(role, "s3cret"));
  Has(Refused(77), "permission denied");
  database_.Execute("DROP OWNED BY \"" + role + "\"; DROP ROLE \"" + role + "\"");
  const std::string latin = "latin" + role;
  database_.Execute("CREATE DATABASE \"" + latin +
                    "\" ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
  std::string uri = database_.Uri();
  uri.replace(uri.find(role), role.size(), latin);
  environment_ = Environment(uri);
  Has(Fail(78, {"--topic", "t"}), "LATIN1");
  database_.Execute("DROP DATABASE \"" + latin + "\"");
}

// Eleven records of a topic, and more than a tenth, are refused for one reason: that is the store's
// fault.
TEST_F(Refusals, ManyOfOneReasonBlowAFuse) {
  std::vector<NewMessage> messages;
  for (int i = 0; i < 20; ++i) {
    messages.push_back({"k", i < 11 ? R"({"x":1e999999})" : "{}", {}});
  }
  Drain({"--topic", "t"});
  Write("t", messages);
  const std::string message = Refused(78);
  for (const char* part : {"22003", "t:", "--accept-refusals", "value overflows numeric format"}) {
    Has(message, part);
  }
  EXPECT_EQ(Sink(Drain({"--topic", "t", "--accept-refusals"})), Counts(9, 0, 11));
  EXPECT_EQ(Letters().size(), 11u);
}

TEST_F(Refusals, ALetterFitsWhateverIsLarge) {
  const std::string large(400'000, 'x');
  Write("t", {{"k", "{}", {{"event_id", large}}},
              {large, "\"" + large.substr(0, 200'000), {{"event_id", large.substr(0, 300'000)}}},
              {"k", "{}", {{"event_id", "good"}}}});
  EXPECT_EQ(Sink(Drain({"--topic", "t"})), Counts(1, 0, 2));
  EXPECT_EQ(Value("SELECT event_id FROM records"), "good");
  const auto letters = Letters();
  ASSERT_EQ(letters.size(), 2u);
  for (const Message& letter : letters) {
    EXPECT_EQ(letter.headers.count("truncated"), 1u);
    EXPECT_EQ(letter.headers.at("source_topic"), "t");
  }
  EXPECT_EQ(Sink(Drain({"--topic", "t"})), Counts(0, 0, 0));
}

}  // namespace
}  // namespace steamflow::test
