/* What poses of a body show: which way it faces, what carries it, and distances in it. */

typedef struct {
    float x, y, z;
} vector;

INLINE vector at(const float *pose, int32_t joint) {
    return (vector){pose[3 * joint], pose[3 * joint + 1], pose[3 * joint + 2]};
}

INLINE vector from_to(vector a, vector b) { return (vector){b.x - a.x, b.y - a.y, b.z - a.z}; }

INLINE float dot(vector a, vector b) { return a.x * b.x + a.y * b.y + a.z * b.z; }

/* The triple product a . (b x c). */
INLINE float volume(vector a, vector b, vector c) {
    return a.x * (b.y * c.z - b.z * c.y) + a.y * (b.z * c.x - b.x * c.z) + a.z * (b.x * c.y - b.y * c.x);
}

INLINE vector unit(vector a) {
    float size = fmaxf(sqrtf(dot(a, a)), 1e-9f);
    return (vector){a.x / size, a.y / size, a.z / size};
}

enum { HIP, KNEE, ANKLE, FOOT, SHOULDER, ELBOW, WRIST };

/* See the jit module's function of this name. */
void facing_signs(const float *poses, int64_t frames, int64_t body, const int32_t (*places)[2], double *signs) {
    static const int BENDS[3][3] = {{HIP, KNEE, ANKLE}, {SHOULDER, HIP, KNEE}, {SHOULDER, ELBOW, WRIST}};
    double feet = 0, squares = 0, twist = 0, bends[3] = {0}, weights[3] = {0};
    int known[SHOULDER + 3] = {0}, shanks = 0;
    for (int part = HIP; part <= WRIST; part++) known[part] = places[part][0] >= 0 && places[part][1] >= 0;
    for (int64_t frame = 0; frame < frames; frame++) {
        const float *pose = poses + 3 * body * frame;
        vector hips = {0}, shoulders = {0};
        if (known[HIP]) hips = unit(from_to(at(pose, places[HIP][1]), at(pose, places[HIP][0])));
        if (known[SHOULDER]) shoulders = unit(from_to(at(pose, places[SHOULDER][1]), at(pose, places[SHOULDER][0])));
        vector left = known[HIP] ? hips : shoulders;
        if (known[HIP] && known[SHOULDER]) twist += dot(hips, shoulders);
        for (int side = 0; side < 2; side++) {
            if (places[KNEE][side] >= 0 && places[ANKLE][side] >= 0 && places[FOOT][side] >= 0) {
                vector ankle = at(pose, places[ANKLE][side]);
                vector shank = from_to(ankle, at(pose, places[KNEE][side])), foot = from_to(ankle, at(pose, places[FOOT][side]));
                float square = fmaxf(dot(shank, shank), 1e-18f);
                feet += volume(foot, left, shank) / square, squares += dot(foot, foot) / square;
                shanks++;
            }
            for (int bend = 0; bend < 3; bend++) {
                int32_t first = places[BENDS[bend][0]][side], middle = places[BENDS[bend][1]][side], last = places[BENDS[bend][2]][side];
                if (first < 0 || middle < 0 || last < 0) continue;
                vector joint = at(pose, middle), upper = from_to(at(pose, first), joint), lower = from_to(joint, at(pose, last));
                float sine = volume(upper, lower, left) / fmaxf(sqrtf(dot(upper, upper) * dot(lower, lower)), 1e-18f);
                bends[bend] += fabsf(sine) * sine, weights[bend] += fabsf(sine);
            }
        }
    }
    signs[0] = shanks ? feet / shanks : 0, signs[1] = shanks ? sqrt(squares / shanks) : 0;
    for (int bend = 0; bend < 3; bend++) signs[2 + bend] = bends[bend] / fmax(weights[bend], 1e-9);
    signs[5] = frames ? twist / frames : 0;
}

#define UPS 8 /* six directions, as +X, -X, +Y ..., and two that fill up a vector */

/* Heights of the skin around a joint. */
INLINE void find_heights(vector place, float flesh, float *heights) {
    float coordinates[UPS] = {place.x, -place.x, place.y, -place.y, place.z, -place.z};
    for (int up = 0; up < UPS; up++) heights[up] = coordinates[up] - flesh;
}

/* See the jit module's function of this name. */
CLONES void floor_signs(const float *here, const float *later, int64_t frames, int64_t body, const int32_t *joints,
                        int64_t count, const float *flesh, const bool *head, float step, const float *limits,
                        float *levels, float *slowest, double *signs) {
    float on_floor = limits[0], carrying = limits[1], at_rest = limits[2], noise = limits[3], fast = limits[4];
    memset(signs, 0, 6 * 4 * sizeof(double));
    for (int64_t frame = 0; frame < frames; frame++) {
        const float *pose = here + 3 * body * frame, *next = later + 3 * body * frame;
        float level[UPS], lowest[UPS], stillest[UPS], slow = FLT_MAX;
        int32_t resting[UPS] = {0}, upside_down[UPS] = {0};
        for (int up = 0; up < UPS; up++) level[up] = FLT_MAX, lowest[up] = stillest[up] = fast;
        for (int64_t joint = 0; joint < count; joint++) {
            float heights[UPS];
            find_heights(at(pose, joints[joint]), flesh[joint], heights);
            for (int up = 0; up < UPS; up++) level[up] = level[up] < heights[up] ? level[up] : heights[up];
        }
        for (int64_t joint = 0; joint < count; joint++) {
            vector place = at(pose, joints[joint]), moved = from_to(place, at(next, joints[joint]));
            float heights[UPS], speed = sqrtf(dot(moved, moved)) / step;
            int32_t rests = speed < at_rest, is_head = head[joint];
            find_heights(place, flesh[joint], heights);
            slow = slow < speed ? slow : speed;
            for (int up = 0; up < UPS; up++) { /* without branches, for all directions at once */
                float above = heights[up] - level[up];
                float own = above <= 0 ? speed : fast, carried = above < carrying ? speed : fast;
                lowest[up] = lowest[up] < own ? lowest[up] : own;
                stillest[up] = stillest[up] < carried ? stillest[up] : carried;
                upside_down[up] |= is_head & (above <= 0);
                resting[up] += rests & (above < on_floor);
            }
        }
        slowest[frame] = slow;
        for (int up = 0; up < 6; up++) {
            double *sums = signs + 4 * up;
            levels[frames * up + frame] = level[up];
            sums[0] += logf(lowest[up] + noise), sums[1] += logf(stillest[up] + noise);
            sums[2] += fabsf(level[up]) < on_floor ? resting[up] : 0;
            sums[3] += upside_down[up];
        }
    }
    for (int each = 0; each < 6 * 4; each++) signs[each] /= frames;
}

/* See the jit module's function of this name. */
void distances_between(const float *poses, int64_t frames, int64_t body, const int32_t (*ends)[4], int64_t wanted,
                       double *distances) {
    for (int64_t frame = 0; frame < frames; frame++) {
        const float *pose = poses + 3 * body * frame;
        for (int64_t each = 0; each < wanted; each++) {
            double square = 0;
            for (int axis = 0; axis < 3; axis++) {
                double one = (double)pose[3 * ends[each][0] + axis] + pose[3 * ends[each][1] + axis];
                double other = (double)pose[3 * ends[each][2] + axis] + pose[3 * ends[each][3] + axis];
                square += (one - other) * (one - other);
            }
            distances[wanted * frame + each] = 0.5 * sqrt(square);
        }
    }
}
