/* SPDX-License-Identifier: MIT */
/*
 * Which programs and libraries a crashed process had where, told by itself: only
 * system calls, no allocation, no lock of the loader's, and nothing of the modules is
 * touched but through checked reads.
 */

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "process/crash_record.h"

#define NOTE_ALIGN(size) (((uint64_t)(size) + 3) & ~UINT64_C(3))

/* The build-id among notes. */
static uint32_t id_in_notes(const unsigned char *notes, uint64_t size, unsigned char *id)
{
	Elf64_Nhdr note;
	while (size >= sizeof(note)) {
		memcpy(&note, notes, sizeof(note));
		uint64_t content = sizeof(note) + NOTE_ALIGN(note.n_namesz);
		uint64_t next = content + NOTE_ALIGN(note.n_descsz);
		if (next > size)
			return 0;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    memcmp(notes + sizeof(note), "GNU", 4) == 0) {
			uint32_t length = note.n_descsz < REFERENCE_ID_SIZE ? note.n_descsz
									    : REFERENCE_ID_SIZE;
			memcpy(id, notes + content, length);
			return length;
		}
		notes += next;
		size -= next;
	}
	return 0;
}

static bool read_segment(const unsigned char *head, size_t size, unsigned i, Elf64_Phdr *ret)
{
	Elf64_Ehdr header;
	if (size < sizeof(header))
		return false;
	memcpy(&header, head, sizeof(header));
	uint64_t at = header.e_phoff + i * sizeof(*ret);
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_phentsize != sizeof(*ret) ||
	    i >= header.e_phnum || at > size || size - at < sizeof(*ret))
		return false;
	memcpy(ret, head + at, sizeof(*ret));
	return true;
}

uint32_t module_id(const unsigned char *head, size_t size, unsigned char id[REFERENCE_ID_SIZE])
{
	Elf64_Phdr segment;
	uint32_t found = 0;
	memset(id, 0, REFERENCE_ID_SIZE);
	for (unsigned i = 0; !found && read_segment(head, size, i, &segment); i++)
		if (segment.p_type == PT_NOTE && segment.p_offset < size &&
		    segment.p_filesz <= size - segment.p_offset)
			found = id_in_notes(head + segment.p_offset, segment.p_filesz, id);
	return found;
}

/* The address for which its first byte was linked: 0, but for a program at a fixed place. */
static uint64_t module_base(const unsigned char *head, size_t size)
{
	Elf64_Phdr segment;
	for (unsigned i = 0; read_segment(head, size, i, &segment); i++)
		if (segment.p_type == PT_LOAD)
			return segment.p_vaddr - segment.p_offset;
	return 0;
}

/* A line of /proc/self/maps. */
struct mapping {
	uint64_t start, end, offset;
	bool executable, writable;
	char *path; /* "" for none */
};

struct maps {
	int fd;
	size_t used, length;
	char text[4608]; /* a path can have 4096 bytes */
};

static char *next_line(struct maps *maps)
{
	for (;;) {
		char *start = maps->text + maps->used;
		char *end = memchr(start, '\n', maps->length - maps->used);
		if (end) {
			*end = '\0';
			maps->used = (size_t)(end + 1 - maps->text);
			return start;
		}
		memmove(maps->text, start, maps->length - maps->used);
		maps->length -= maps->used;
		maps->used = 0;
		ssize_t r = read(maps->fd, maps->text + maps->length,
				 sizeof(maps->text) - maps->length);
		if (r <= 0)
			return NULL;
		maps->length += (size_t)r;
	}
}

static uint64_t hexadecimal(char **text)
{
	uint64_t value = 0;
	for (;; (*text)++) {
		char c = **text;
		if (c >= '0' && c <= '9')
			value = value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		else
			return value;
	}
}

static char *skip_word(char *text)
{
	while (*text && *text != ' ')
		text++;
	while (*text == ' ')
		text++;
	return text;
}

/* "START-END PERMISSIONS OFFSET DEVICE INODE   PATH" */
static bool next_mapping(struct maps *maps, struct mapping *ret)
{
	char *at = next_line(maps);
	if (!at)
		return false;
	ret->start = hexadecimal(&at);
	at += *at == '-';
	ret->end = hexadecimal(&at);
	at += *at == ' ';
	size_t permissions = strnlen(at, 4);
	ret->writable = permissions == 4 && at[1] == 'w';
	ret->executable = permissions == 4 && at[2] == 'x';
	at = skip_word(at);
	ret->offset = hexadecimal(&at);
	at = skip_word(skip_word(skip_word(at)));
	ret->path = at;
	return true;
}

/* What is made of the mappings. */
struct view {
	void (*look)(struct maps *maps, void *data);
	void *data;
};

static int view_maps(const struct view *view)
{
	struct maps maps;
	maps.used = maps.length = 0;
	maps.fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	if (maps.fd < 0)
		return -errno;
	view->look(&maps, view->data);
	close(maps.fd);
	return 0;
}

static int view_maps_apart(void *view)
{
	close(0); /* all are taken: any will do */
	return view_maps(view);
}

/*
 * A process that crashes because it has used up its descriptors has none for this, and may not
 * close one, since it may survive. Another one with the same memory has descriptors of its own.
 */
static void view_maps_in_another(struct view *view)
{
	enum { STACK = 65536 };
	siginfo_t info;
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stack == MAP_FAILED)
		return;
	pid_t pid = clone(view_maps_apart, stack + STACK, CLONE_VM | CLONE_VFORK, view);
	if (pid > 0)
		sys_wait_child(pid, -1, WEXITED | __WALL, &info);
	munmap(stack, STACK);
}

static void with_maps(void (*look)(struct maps *maps, void *data), void *data)
{
	struct view view = {.look = look, .data = data};
	if (view_maps(&view) == -EMFILE)
		view_maps_in_another(&view);
}

struct place {
	uint64_t top, start, end; /* the last two are 0 until it is found */
};

static void look_for_stack(struct maps *maps, void *data)
{
	struct place *place = data;
	struct mapping at;
	while (next_mapping(maps, &at)) {
		/* A stack that overflows has its top below its mapping, in the guard. */
		if (!at.writable || at.end <= place->top)
			continue;
		place->start = at.start;
		place->end = at.end;
		return;
	}
}

bool modules_find_stack(uint64_t top, uint64_t *ret_start, uint64_t *ret_end)
{
	struct place place = {.top = top};
	with_maps(look_for_stack, &place);
	if (place.end == 0)
		return false;
	*ret_start = place.start;
	*ret_end = place.end;
	return true;
}

/* The modules with the paths, as they are filled. */
struct filling {
	struct crash_record *record;
	struct crash_module *last; /* NULL: none, or one without code */
	uint32_t paths;
};

static bool is_last(const struct filling *to, const struct mapping *at)
{
	return to->last && at->offset != 0 &&
	       strcmp(to->record->paths + to->last->path, at->path) == 0;
}

static void begin_module(struct filling *to, const struct mapping *at)
{
	struct crash_record *record = to->record;
	size_t size = strlen(at->path) + 1;
	/* A file without code, which is mapped like any other, gives its place to the next. */
	if (to->last && to->last->code_end == 0) {
		to->paths = to->last->path;
		record->module_count--;
	}
	to->last = NULL;
	if (record->module_count == CRASH_MODULES || size > CRASH_PATHS - to->paths)
		return;
	to->last = &record->modules[record->module_count++];
	*to->last = (struct crash_module){.start = at->start, .path = to->paths};
	memcpy(record->paths + to->paths, at->path, size);
	to->paths += (uint32_t)size;
}

static void add_mapping(struct filling *to, const struct mapping *at)
{
	unsigned char head[4096];
	if (!is_last(to, at))
		begin_module(to, at);
	if (!to->last)
		return;
	to->last->end = at->end;
	if (!at->executable)
		return;
	if (to->last->code_end == 0) {
		size_t size = sys_read_memory(head, to->last->start, sizeof(head));
		to->last->code_start = at->start;
		to->last->base = module_base(head, size);
		to->last->id_size = module_id(head, size, to->last->id);
	}
	to->last->code_end = at->end;
}

static void look_for_modules(struct maps *maps, void *record)
{
	struct mapping at;
	struct filling to = {.record = record};
	while (next_mapping(maps, &at))
		if (at.path[0] == '/' || strcmp(at.path, "[vdso]") == 0)
			add_mapping(&to, &at);
	if (to.last && to.last->code_end == 0)
		to.record->module_count--;
}

void modules_record(struct crash_record *record)
{
	with_maps(look_for_modules, record);
}
