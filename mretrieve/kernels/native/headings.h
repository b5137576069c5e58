/* Where a body is and faces in each frame, as body_view finds it. */

typedef struct {
    double cosine, sine; /* of the angle about +Y from +Z to where the body faces */
} heading;

/* Of each frame of positions (frames, body, 3): the origin (3,), midway between two hips, and in turns (2,) the horizontal
direction, x and z, of the body's left, which is the sum of factor * (first - second joint) of the sides. Where that is
shorter than 2 cm the last direction is kept, or the first one taken. Returns whether any frame shows a direction. */
INLINE int find_headings(const float *restrict positions, int64_t frames, int64_t body, const int32_t *restrict sides,
                         const float *restrict side_factors, int64_t side_count, const int32_t *restrict hips,
                         double *restrict turns, float *restrict origins) {
    int64_t known = 0, first = 0;
    for (int64_t frame = 0; frame < frames; frame++) {
        const float *place = positions + 3 * body * frame;
        float x = 0, z = 0;
        for (int64_t side = 0; side < side_count; side++) {
            const float *left = place + 3 * sides[2 * side], *right = place + 3 * sides[2 * side + 1];
            x += side_factors[side] * (left[0] - right[0]), z += side_factors[side] * (left[2] - right[2]);
        }
        double width = sqrt((double)x * x + (double)z * z);
        if (width > 0.02) {
            if (!known++) first = frame;
            turns[2 * frame] = x / width, turns[2 * frame + 1] = z / width;
        } else if (known) {
            turns[2 * frame] = turns[2 * frame - 2], turns[2 * frame + 1] = turns[2 * frame - 1];
        }
        for (int axis = 0; axis < 3; axis++)
            origins[3 * frame + axis] = 0.5f * (place[3 * hips[0] + axis] + place[3 * hips[1] + axis]);
    }
    for (int64_t frame = 0; frame < first; frame++) turns[2 * frame] = turns[2 * first], turns[2 * frame + 1] = turns[2 * first + 1];
    return known > 0;
}

/* The mean heading of five frames around one; 0 if none is known. */
INLINE heading mean_heading(const double *turns, int known, int64_t frame, int64_t frames) {
    double x = 0, z = 0;
    for (int64_t near = frame - 2; known && near <= frame + 2; near++) {
        int64_t inside = near < 0 ? 0 : near < frames ? near : frames - 1;
        x += turns[2 * inside], z += turns[2 * inside + 1];
    }
    double size = sqrt(x * x + z * z);
    return size > 0 ? (heading){x / size, -z / size} : (heading){1, 0};
}

/* The velocity (3,) of the origin in the body's frame: left, up, forwards, per second at `rate` frames a second. */
INLINE void body_velocity(const float *origins, int64_t frame, int64_t frames, float rate, float cosine, float sine,
                          float *velocity) {
    int64_t before = frame ? frame - 1 : 0, after = frame + 1 < frames ? frame + 1 : frame;
    float step = after > before ? rate / (float)(after - before) : 0, speed[3];
    for (int axis = 0; axis < 3; axis++) speed[axis] = step * (origins[3 * after + axis] - origins[3 * before + axis]);
    velocity[0] = cosine * speed[0] - sine * speed[2];
    velocity[1] = speed[1];
    velocity[2] = sine * speed[0] + cosine * speed[2];
}
