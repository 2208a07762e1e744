#include "ot_command.h"

#include "delta_json.h"
#include "json_line.h"
#include "line_reader.h"
#include "server/arguments/arguments.h"

#include <getopt.h>
#include <math.h>
#include <quire/ot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPERANDS_MAX 2
#define POSITION_MAX 9007199254740991 /* 2^53 - 1 */

enum operand { OPERAND_NONE, OPERAND_OP, OPERAND_DOCUMENT, OPERAND_POSITION, OPERAND_BYTES };

/* One question being answered. */
struct task {
    const struct question *question;
    enum ot_order order;
    bool priority;
    struct ot_buf operand[OPERANDS_MAX]; /* operations, documents or bytes */
    uint64_t position;
    struct ot_buf out;
    struct fault fault;
};

struct question {
    const char *name;
    enum operand operands[OPERANDS_MAX];
    bool has_priority;
    json_t *(*answer)(struct task *task); /* NULL: see task->fault */
    const char *form;
    const char *help;
};

static const char *const ordinals[OPERANDS_MAX] = {"first", "second"};

static struct ot_slice operand(const struct task *task, size_t index)
{
    return ot_buf_slice(&task->operand[index]);
}

static json_t *task_refuse(struct task *task, int code, uint64_t at)
{
    fault_set(&task->fault, ot_error_name(code), at, "%s", ot_error_text(code));
    return NULL;
}

static json_t *json_or_refuse(struct task *task, json_t *json)
{
    return json ? json : task_refuse(task, OT_E_MEMORY, 0);
}

/* The operation in task->out as the answer, unless `code` says that there is none. */
static json_t *task_result(struct task *task, int code)
{
    if (code != OT_OK)
        return task_refuse(task, code, 0);
    return json_or_refuse(task, delta_to_json(ot_buf_slice(&task->out)));
}

static json_t *answer_compose(struct task *task)
{
    return task_result(task,
                       ot_compose(operand(task, 0), operand(task, 1), task->order, &task->out));
}

static json_t *answer_transform(struct task *task)
{
    enum ot_side side = task->priority ? OT_RIGHT : OT_LEFT;
    return task_result(
        task, ot_transform(operand(task, 1), operand(task, 0), side, task->order, &task->out));
}

static json_t *answer_position(struct task *task)
{
    enum ot_side side = task->priority ? OT_LEFT : OT_RIGHT;
    uint64_t position = ot_transform_position(operand(task, 0), task->position, side);
    return json_or_refuse(task, json_integer((json_int_t)position));
}

static json_t *answer_apply(struct task *task)
{
    struct ot_doc *doc = NULL;
    struct ot_error error = {0};
    json_t *result = NULL;
    int code = ot_doc_load(operand(task, 0), &doc);
    if (code == OT_OK)
        code = ot_doc_apply(doc, operand(task, 1), &error);
    if (code == OT_OK)
        result = task_result(task, ot_doc_snapshot(doc, &task->out));
    else
        task_refuse(task, code, error.at);
    ot_doc_free(doc);
    return result;
}

static json_t *answer_invert(struct task *task)
{
    struct ot_doc *doc = NULL;
    struct ot_error error = {0};
    json_t *result = NULL;
    int code = ot_doc_load(operand(task, 1), &doc);
    if (code == OT_OK)
        code = ot_doc_check(doc, operand(task, 0), &error);
    if (code == OT_OK)
        result = task_result(task, ot_doc_invert(doc, operand(task, 0), task->order, &task->out));
    else
        task_refuse(task, code, error.at);
    ot_doc_free(doc);
    return result;
}

static json_t *answer_hash(struct task *task)
{
    return json_or_refuse(task, json_integer(ot_hash(operand(task, 0))));
}

static json_t *answer_check(struct task *task)
{
    struct ot_op_info info;
    struct ot_error error;
    int code = ot_op_check(operand(task, 0), &info, &error);
    if (code != OT_OK)
        return task_refuse(task, code, error.at);
    json_t *json = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:b}", "components", (json_int_t)info.components, "base_length",
        (json_int_t)info.base_length, "inserted_length", (json_int_t)info.inserted_length,
        "deleted_length", (json_int_t)info.deleted_length, "size_bytes",
        (json_int_t)operand(task, 0).size, "document", info.only_inserts);
    return json_or_refuse(task, json);
}

static json_t *answer_encode(struct task *task)
{
    static const char digits[] = "0123456789abcdef";
    struct ot_slice op = operand(task, 0);
    if (ot_buf_reserve(&task->out, 2 * op.size) != OT_OK)
        return task_refuse(task, OT_E_MEMORY, 0);
    for (size_t i = 0; i < op.size; i++) {
        char pair[] = {digits[op.data[i] >> 4], digits[op.data[i] & 15]};
        ot_buf_append(&task->out, pair, sizeof pair);
    }
    return json_or_refuse(task, json_stringn((const char *)task->out.data, task->out.size));
}

static json_t *answer_decode(struct task *task)
{
    struct ot_error error;
    int code = ot_op_check(operand(task, 0), NULL, &error);
    if (code != OT_OK)
        return task_refuse(task, code, error.at);
    return json_or_refuse(task, delta_to_json(operand(task, 0)));
}

static const struct question questions[] = {
    {"compose",
     {OPERAND_OP, OPERAND_OP},
     false,
     answer_compose,
     "[A,B]",
     "first A, then B, as one operation"},
    {"transform",
     {OPERAND_OP, OPERAND_OP},
     true,
     answer_transform,
     "[A,B]",
     "B rewritten to come after A; with \"priority\":true A wins the ties"},
    {"apply",
     {OPERAND_DOCUMENT, OPERAND_OP},
     false,
     answer_apply,
     "[DOC,OP]",
     "the document after OP"},
    {"invert",
     {OPERAND_OP, OPERAND_DOCUMENT},
     false,
     answer_invert,
     "[OP,DOC]",
     "the operation that takes OP back, which is applied to DOC"},
    {"position",
     {OPERAND_OP, OPERAND_POSITION},
     true,
     answer_position,
     "[OP,5]",
     "where position 5 lies after OP; \"priority\":true keeps it before an insert there"},
    {"check", {OPERAND_OP}, false, answer_check, "[OP]", "what OP amounts to"},
    {"hash",
     {OPERAND_DOCUMENT},
     false,
     answer_hash,
     "[DOC]",
     "the CRC-32 of the document, as replicas compare it"},
    {"encode", {OPERAND_OP}, false, answer_encode, "[OP]", "the byte form of OP, in hexadecimal"},
    {"decode",
     {OPERAND_BYTES},
     false,
     answer_decode,
     "\"020961\"",
     "the operation that these bytes are"},
};
#define QUESTION_COUNT (sizeof questions / sizeof questions[0])

static const struct question *question_find(const char *name)
{
    for (size_t i = 0; i < QUESTION_COUNT; i++)
        if (strcmp(questions[i].name, name) == 0)
            return &questions[i];
    return NULL;
}

static int operand_read_op(struct task *task, size_t index, const json_t *json)
{
    struct delta_error error;
    if (delta_from_json(json, task->order, &task->operand[index], &error) == OT_OK)
        return 0;
    return fault_set(&task->fault, delta_error_name(error.code), error.at, "%s operand: %s",
                     ordinals[index], error.reason);
}

static int operand_read_document(struct task *task, size_t index, const json_t *json)
{
    int status = operand_read_op(task, index, json);
    for (size_t i = 0; status == 0 && i < json_array_size(json); i++)
        if (!json_object_get(json_array_get(json, i), "insert"))
            status = fault_set(&task->fault, ot_error_name(OT_E_DOCUMENT), i, "%s operand: %s",
                               ordinals[index], ot_error_text(OT_E_DOCUMENT));
    return status;
}

static int operand_read_position(struct task *task, size_t index, const json_t *json)
{
    double position = json_is_number(json) ? json_number_value(json) : -1;
    if (!(position >= 0 && position <= (double)POSITION_MAX) || trunc(position) != position)
        return fault_set(&task->fault, "bad_position", 0,
                         "%s operand: a position is a whole number from 0 to 2^53 - 1",
                         ordinals[index]);
    task->position = (uint64_t)position;
    return 0;
}

static int hex_digit(char digit)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *found = digit ? strchr(digits, digit) : NULL;
    int value = found ? (int)(found - digits) : -1;
    return value < 16 ? value : value - 6;
}

static int operand_read_bytes(struct task *task, size_t index, const json_t *json)
{
    const char *text = json_string_value(json);
    size_t size = json_string_length(json);
    struct ot_buf *bytes = &task->operand[index];
    if (!text || size % 2 != 0)
        return fault_set(&task->fault, "bad_hex", size,
                         "bytes are a string of pairs of hexadecimal digits");
    for (size_t i = 0; i < size; i += 2) {
        int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0)
            return fault_set(&task->fault, "bad_hex", i, "not a pair of hexadecimal digits");
        uint8_t byte = (uint8_t)(high << 4 | low);
        if (ot_buf_append(bytes, &byte, 1) != OT_OK)
            return fault_set(&task->fault, ot_error_name(OT_E_MEMORY), 0, "%s",
                             ot_error_text(OT_E_MEMORY));
    }
    return 0;
}

static int operand_read(struct task *task, size_t index, const json_t *json)
{
    switch (task->question->operands[index]) {
    case OPERAND_OP:
        return operand_read_op(task, index, json);
    case OPERAND_DOCUMENT:
        return operand_read_document(task, index, json);
    case OPERAND_POSITION:
        return operand_read_position(task, index, json);
    case OPERAND_BYTES:
        return operand_read_bytes(task, index, json);
    case OPERAND_NONE:
        break;
    }
    return 0;
}

/* `operands`: the array of them; of a single one that is no operation, it itself. */
static int operands_read(struct task *task, const json_t *operands)
{
    size_t wanted = 0;
    while (wanted < OPERANDS_MAX && task->question->operands[wanted] != OPERAND_NONE)
        wanted++;
    if (task->question->operands[0] == OPERAND_BYTES)
        return operand_read(task, 0, operands);
    if (!json_is_array(operands) || json_array_size(operands) != wanted)
        return fault_set(&task->fault, "bad_request", 0, "%s takes an array of %zu",
                         task->question->name, wanted);
    for (size_t i = 0; i < wanted; i++) {
        int status = operand_read(task, i, json_array_get(operands, i));
        if (status < 0)
            return status;
    }
    return 0;
}

static int option_read_order(struct task *task, const json_t *value)
{
    const char *order = json_string_value(value);
    if (!order || (strcmp(order, "stable") != 0 && strcmp(order, "canonical") != 0))
        return fault_set(&task->fault, "bad_request", 0, "order is \"canonical\" or \"stable\"");
    task->order = strcmp(order, "stable") == 0 ? OT_STABLE : OT_CANONICAL;
    return 0;
}

static int option_read_priority(struct task *task, const json_t *value)
{
    if (!json_is_boolean(value) || !task->question->has_priority)
        return fault_set(&task->fault, "bad_request", 0,
                         "priority is true or false, of transform and position");
    task->priority = json_is_true(value);
    return 0;
}

static int question_name_read(struct task *task, const char *name)
{
    const struct question *question = question_find(name);
    if (!question || task->question)
        return fault_set(&task->fault, "bad_request", 0,
                         question ? "two questions in one line" : "a member of unknown name");
    task->question = question;
    return 0;
}

static int request_read(struct task *task, const json_t *request)
{
    const char *key;
    json_t *value;
    int status = 0;
    json_object_foreach((json_t *)request, key, value)
    {
        if (status == 0 && strcmp(key, "order") == 0)
            status = option_read_order(task, value);
        else if (status == 0 && strcmp(key, "priority") != 0)
            status = question_name_read(task, key);
    }
    if (status < 0)
        return status;
    if (!task->question)
        return fault_set(&task->fault, "bad_request", 0, "a line is an object with one question");
    json_t *priority = json_object_get(request, "priority");
    if (priority && option_read_priority(task, priority) < 0)
        return -1;
    return operands_read(task, json_object_get(request, task->question->name));
}

static void task_deinit(struct task *task)
{
    for (size_t i = 0; i < OPERANDS_MAX; i++)
        ot_buf_deinit(&task->operand[i]);
    ot_buf_deinit(&task->out);
}

/* The whole answer; NULL when out of memory. */
static json_t *line_answer(const struct line *line)
{
    struct task task = {.order = OT_CANONICAL};
    json_t *request = NULL;
    json_t *result = NULL;
    if (line->kind == LINE_TOO_LONG)
        fault_set(&task.fault, "line_too_long", OT_COMMAND_LINE_MAX_BYTES,
                  "a line has at most %u bytes", OT_COMMAND_LINE_MAX_BYTES);
    else
        request = json_line_parse(line->data, line->size, &task.fault);
    if (request && request_read(&task, request) == 0)
        result = task.question->answer(&task);
    json_t *answer = result ? json_pack("{s:o}", "result", result)
                            : json_pack("{s:o}", "error", fault_to_json(&task.fault));
    json_decref(request);
    task_deinit(&task);
    return answer;
}

static bool line_is_blank(const struct line *line)
{
    size_t blanks = 0;
    while (blanks < line->size && strchr(" \t\r", line->data[blanks]) && line->data[blanks])
        blanks++;
    return line->kind == LINE_WHOLE && blanks == line->size;
}

static void answer_print(json_t *answer)
{
    if (!answer || json_dumpf(answer, stdout, JSON_COMPACT) < 0)
        fputs("{\"error\":{\"code\":\"out_of_memory\",\"at\":0,\"reason\":\"\"}}", stdout);
    putchar('\n');
    json_decref(answer);
}

/* Answers are flushed before every wait for input, so that one can converse over a pipe. */
static int lines_answer(struct line_reader *reader)
{
    for (;;) {
        struct line line = line_reader_next(reader);
        if (line.kind != LINE_NONE) {
            if (!line_is_blank(&line))
                answer_print(line_answer(&line));
            continue;
        }
        if (fflush(stdout) != 0 || ferror(stdout)) {
            perror("quire ot: output");
            return 1;
        }
        if (reader->ended)
            return 0;
        int code = line_reader_fill(reader);
        if (code < 0) {
            fprintf(stderr, "quire ot: input: %s\n", strerror(-code));
            return 1;
        }
    }
}

static void help_print(void)
{
    fputs("Usage: quire ot < questions > answers\n\n"
          "Reads one JSON question a line and answers each with one line, in order:\n"
          "{\"result\":...} or {\"error\":{\"code\":...,\"at\":...,\"reason\":...}}.\n\n",
          stdout);
    for (size_t i = 0; i < QUESTION_COUNT; i++)
        printf("  {\"%s\":%s}%*s%s\n", questions[i].name, questions[i].form,
               (int)(22 - strlen(questions[i].name) - strlen(questions[i].form)), "",
               questions[i].help);
    fputs("\nA, B, OP and DOC are arrays of Delta components, a DOC one of inserts only. Results\n"
          "are such arrays too, save for position and hash (numbers), check (an object) and\n"
          "encode (a string).\n\n"
          "  \"priority\":true   as quill-delta's argument; default false\n"
          "  \"order\":\"stable\"  leaves an insert after a delete where it is; default\n"
          "                    \"canonical\": the insert comes first, as in quill-delta\n\n"
          "at: of malformed JSON the byte in the line up to which it was read, of a bad component\n"
          "its index, of an operation that does not fit the document the position there, of bytes\n"
          "to decode the offset, otherwise 0.\n",
          stdout);
}

int ot_command(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
    optind = 0;
    switch (arguments_next("ot", argc, argv, options)) {
    case 'h':
        help_print();
        return 0;
    case ARGUMENTS_WRONG:
        return ARGUMENTS_USAGE;
    default:
        if (optind < argc)
            return arguments_refuse_surplus("ot", argv[optind]);
    }
    struct line_reader reader;
    line_reader_init(&reader, STDIN_FILENO, OT_COMMAND_LINE_MAX_BYTES);
    int status = lines_answer(&reader);
    line_reader_deinit(&reader);
    return status;
}
