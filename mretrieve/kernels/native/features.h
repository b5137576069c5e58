/* Features for time warping: joint positions in the body's frame, and the velocity of its root. */

/* The features (frames, 3 joint_count + 3) of each of `count` motions, one after the other. positions: the addresses of their
positions (lengths[i], body, 3) in metres, world, Y up.

sides (side_count, 2), side_factors: the body's left is the sum of factor * (first - second joint); hips: the origin is the
middle of the two; joints, factors (joint_count): which positions, in the frame of the body's own heading, and their factors;
velocity_factor: of the signed root of the origin's velocity in that frame, per second at `rate` frames a second.
turns (frames, 2), origins (frames, 3): room for the longest. */
INLINE void motion_features(const float *restrict positions, int64_t frames, int64_t body, const int32_t *restrict sides,
                             const float *restrict side_factors, int64_t side_count, const int32_t *restrict hips,
                             const int32_t *restrict joints, const float *restrict factors, int64_t joint_count,
                             float velocity_factor, float rate, double *restrict turns, float *restrict origins,
                             float *restrict features) {
    int known = find_headings(positions, frames, body, sides, side_factors, side_count, hips, turns, origins);
    for (int64_t frame = 0; frame < frames; frame++) {
        heading mean = mean_heading(turns, known, frame, frames);
        float cosine = (float)mean.cosine, sine = (float)mean.sine;
        const float *place = positions + 3 * body * frame, *origin = origins + 3 * frame;
        float *row = features + (3 * joint_count + 3) * frame;
        for (int64_t joint = 0; joint < joint_count; joint++, row += 3) {
            const float *point = place + 3 * joints[joint];
            float right = point[0] - origin[0], up = point[1] - origin[1], ahead = point[2] - origin[2];
            row[0] = factors[joint] * (cosine * right - sine * ahead);
            row[1] = factors[joint] * up;
            row[2] = factors[joint] * (sine * right + cosine * ahead);
        }
        float velocity[3];
        body_velocity(origins, frame, frames, rate, cosine, sine, velocity);
        for (int axis = 0; axis < 3; axis++) row[axis] = velocity_factor * copysignf(sqrtf(fabsf(velocity[axis])), velocity[axis]);
    }
}

CLONES void warping_features(const uintptr_t *positions, const int64_t *lengths, int64_t count, int64_t body,
                             const int32_t *sides, const float *side_factors, int64_t side_count, const int32_t *hips,
                             const int32_t *joints, const float *factors, int64_t joint_count, float velocity_factor,
                             float rate, double *turns, float *origins, float *features) {
    for (int64_t motion = 0; motion < count; features += lengths[motion++] * (3 * joint_count + 3))
        motion_features((const float *)positions[motion], lengths[motion], body, sides, side_factors, side_count, hips, joints,
                        factors, joint_count, velocity_factor, rate, turns, origins, features);
}
