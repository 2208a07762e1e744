#include "tree.h"

#include <assert.h>
#include <string.h>

static struct node *node_new(struct tree *tree)
{
    struct node *node = ot_memory_take(&tree->pool.memory, sizeof *node);
    if (node != NULL) {
        node->count = 0;
    }
    return node;
}

static void node_free(struct tree *tree, struct node *node)
{
    ot_memory_give(&tree->pool.memory, node, sizeof *node);
}

static uint32_t node_units(const struct node *node)
{
    uint32_t units = 0;
    for (unsigned i = 0; i < node->count; i++) {
        units += node->units[i];
    }
    return units;
}

static void node_insert(struct node *node, unsigned slot, void *child, uint32_t units)
{
    size_t above = node->count - slot;
    memmove(node->units + slot + 1, node->units + slot, above * sizeof *node->units);
    memmove(node->children + slot + 1, node->children + slot, above * sizeof *node->children);
    node->units[slot] = units;
    node->children[slot] = child;
    node->count++;
}

static void node_remove(struct node *node, unsigned slot)
{
    node->count--;
    size_t above = node->count - slot;
    memmove(node->units + slot, node->units + slot + 1, above * sizeof *node->units);
    memmove(node->children + slot, node->children + slot + 1, above * sizeof *node->children);
}

/* Moves the children from `first` on to the end of `to`. */
static void node_move(struct node *from, unsigned first, struct node *to)
{
    unsigned count = from->count - first;
    memcpy(to->units + to->count, from->units + first, count * sizeof *to->units);
    memcpy(to->children + to->count, from->children + first, count * sizeof *to->children);
    to->count += count;
    from->count = first;
}

int ot_tree_init(struct tree *tree, struct memory memory)
{
    *tree = (struct tree){.pool = {.memory = memory}};
    tree->root = ot_leaf_new(&tree->pool);
    return tree->root == NULL ? OT_E_MEMORY : OT_OK;
}

static void subtree_free(struct tree *tree, void *child, unsigned height)
{
    if (height == 0) {
        ot_leaf_free(child, &tree->pool);
        return;
    }
    struct node *node = child;
    for (unsigned i = 0; i < node->count; i++) {
        subtree_free(tree, node->children[i], height - 1);
    }
    node_free(tree, node);
}

void ot_tree_deinit(struct tree *tree)
{
    subtree_free(tree, tree->root, tree->height);
    ot_pool_deinit(&tree->pool);
}

void ot_tree_descend(const struct tree *tree, uint64_t pos, enum tree_bias bias,
                     struct place *place_out)
{
    void *child = tree->root;
    uint32_t inside = (uint32_t)pos;
    /* One more where a unit must follow: then its leaf is the first that reaches so far. */
    uint32_t reach = bias == TREE_AFTER ? 1 : 0;
    for (unsigned level = tree->height; level-- > 0;) {
        struct node *node = child;
        unsigned slot = 0;
        while (slot + 1 < node->count && inside + reach > node->units[slot]) {
            inside -= node->units[slot];
            slot++;
        }
        place_out->path[level] = (struct step){node, slot};
        child = node->children[slot];
    }
    place_out->leaf = child;
    place_out->start = pos - inside;
    place_out->spot = (struct spot){0};
}

bool ot_tree_next(const struct tree *tree, struct place *place)
{
    unsigned level = 0;
    while (level < tree->height && place->path[level].slot + 1 == place->path[level].node->count) {
        level++;
    }
    if (level == tree->height) {
        return false;
    }
    place->start += place->leaf->units;
    void *child = place->path[level].node->children[++place->path[level].slot];
    while (level-- > 0) {
        place->path[level] = (struct step){child, 0};
        child = place->path[level].node->children[0];
    }
    place->leaf = child;
    place->spot = (struct spot){0};
    return true;
}

/* ---- growing ---- */

/* Puts a child after that on the path, whose last `units` units it now holds. Full nodes are
 * split with the new nodes given, of which there are enough. */
static void child_insert(struct tree *tree, unsigned level, void *child, uint32_t units,
                         struct node **spare)
{
    if (level == tree->height) {
        struct node *root = *spare;
        node_insert(root, 0, tree->root, (uint32_t)tree->units - units);
        node_insert(root, 1, child, units);
        tree->root = root;
        tree->height++;
        return;
    }
    struct node *node = tree->place.path[level].node;
    unsigned slot = tree->place.path[level].slot + 1;
    node->units[slot - 1] -= units;
    if (node->count < NODE_CHILDREN) {
        node_insert(node, slot, child, units);
        return;
    }
    struct node *right = *spare;
    node_move(node, NODE_CHILDREN / 2, right);
    if (slot <= NODE_CHILDREN / 2) {
        node_insert(node, slot, child, units);
    } else {
        node_insert(right, slot - NODE_CHILDREN / 2, child, units);
    }
    child_insert(tree, level + 1, right, node_units(right), spare + 1);
}

/* How many nodes a new child at the place will need. */
static unsigned nodes_needed(const struct tree *tree)
{
    unsigned level = 0;
    while (level < tree->height && tree->place.path[level].node->count == NODE_CHILDREN) {
        level++;
    }
    return level == tree->height ? level + 1 : level;
}

int ot_tree_split(struct tree *tree, struct leaf *right)
{
    struct node *spare[TREE_HEIGHT_MAX + 1];
    unsigned needed = nodes_needed(tree);
    assert(tree->height + 1 <= TREE_HEIGHT_MAX);
    for (unsigned i = 0; i < needed; i++) {
        spare[i] = node_new(tree);
        if (spare[i] == NULL) {
            while (i-- > 0) {
                node_free(tree, spare[i]);
            }
            return OT_E_MEMORY;
        }
    }
    child_insert(tree, 0, right, right->units, spare);
    tree->place.leaf = NULL;
    return OT_OK;
}

/* ---- shrinking ---- */

static void child_remove(struct tree *tree, unsigned level);

/* Moves all of the node right of `slot` into the one there, and takes it out. */
static void nodes_join(struct tree *tree, unsigned level, unsigned slot)
{
    struct step *above = &tree->place.path[level];
    struct node *left = above->node->children[slot];
    struct node *right = above->node->children[slot + 1];
    node_move(right, 0, left);
    above->node->units[slot] += above->node->units[slot + 1];
    above->slot = slot + 1;
    child_remove(tree, level);
    node_free(tree, right);
}

/* Should the nodes below `above` at `slot` and after it be one? */
static bool nodes_fit(const struct node *above, unsigned slot)
{
    if (slot + 1 >= above->count) {
        return false;
    }
    const struct node *left = above->children[slot];
    const struct node *right = above->children[slot + 1];
    return left->count + right->count <= NODE_CHILDREN / 2;
}

/* The node on the path has lost a child: it may now fit in with a neighbour. */
static void node_shrunk(struct tree *tree, unsigned level)
{
    if (level + 1 >= tree->height) {
        return;
    }
    struct step above = tree->place.path[level + 1];
    if (nodes_fit(above.node, above.slot)) {
        nodes_join(tree, level + 1, above.slot);
    } else if (above.slot > 0 && nodes_fit(above.node, above.slot - 1)) {
        nodes_join(tree, level + 1, above.slot - 1);
    }
}

/* Takes the child on the path out of its node; whatever units it has left stay with a neighbour. */
static void child_remove(struct tree *tree, unsigned level)
{
    struct step step = tree->place.path[level];
    node_remove(step.node, step.slot);
    if (step.node->count == 0) {
        child_remove(tree, level + 1);
        node_free(tree, step.node);
    } else {
        node_shrunk(tree, level);
    }
}

/* Takes the child on the lowest level of the path out, and then nodes at the top that lead to one
 * child only. */
static void bottom_remove(struct tree *tree)
{
    child_remove(tree, 0);
    while (tree->height > 0) {
        struct node *root = tree->root;
        if (root->count > 1) {
            break;
        }
        tree->root = root->children[0];
        tree->height--;
        node_free(tree, root);
    }
    tree->place.leaf = NULL;
}

/* Joins the two leaves from `slot` on, right above which the path ends. */
static void leaves_join(struct tree *tree, unsigned slot)
{
    struct step *step = &tree->place.path[0];
    struct leaf *left = step->node->children[slot];
    struct leaf *right = step->node->children[slot + 1];
    /* Small leaves do no harm, so if there is no memory they stay. */
    if (ot_leaf_join(left, right, &tree->pool) == OT_OK) {
        step->node->units[slot] += step->node->units[slot + 1];
        step->slot = slot + 1;
        bottom_remove(tree);
        ot_leaf_free(right, &tree->pool);
    }
}

void ot_tree_shrunk(struct tree *tree)
{
    struct step step = tree->place.path[0];
    struct leaf *leaf = tree->place.leaf;
    if (tree->height == 0) {
        return;
    }
    if (leaf->units == 0) {
        bottom_remove(tree);
        ot_leaf_free(leaf, &tree->pool);
        return;
    }
    if (step.slot + 1 < step.node->count && leaf_is_small(step.node->children[step.slot + 1])) {
        leaves_join(tree, step.slot);
    } else if (step.slot > 0 && leaf_is_small(step.node->children[step.slot - 1])) {
        leaves_join(tree, step.slot - 1);
    }
}
